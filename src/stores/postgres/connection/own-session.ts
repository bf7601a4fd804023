import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { AppError } from "../../../engine/errors.ts";

/** Of the connections of one pool, which are all to be of one server. */
export interface KnownServer {
  /** The start of the server process behind each connection that is open. */
  readonly startOf: Map<pg.ClientBase, string>;
  /** Whether the sessions behind a pooler were found to be our own. */
  sessionsAreOwn: boolean;
}

const protocolViolation = "08P01";

/** A pooler gives no second connection in this time: then it has not given the first one's away either. */
const poolerPatience = 5_000;

/**
 * To be called with each new connection before anything is set in its session. A session that a pooler gives to others
 * when we are through with it is as it was then, whether the pooler resets it or not. Throws AppError when a pooler
 * gives the session to others between our transactions, for then settings leak to them and locks outlive us, and when
 * connections lead to different servers.
 */
export async function requireOwnSession(
  client: pg.Client,
  known: KnownServer,
  connectAnother: () => Promise<pg.Client>,
): Promise<void> {
  const { rows } = await client.query<{ pid: number; started: string }>(
    "select pg_backend_pid()::int4 as pid, (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text as started",
  );
  const { pid, started } = rows[0]!;
  for (const other of known.startOf.values()) if (other !== started) throw differentServers();
  known.startOf.set(client, started);
  client.once("end", () => known.startOf.delete(client));
  // a pooler tells a process number of its own making
  const isPooled = (client as unknown as { processID: number }).processID !== pid;
  if (!isPooled) return;
  if (!known.sessionsAreOwn && (await isShared(client, pid, connectAnother))) throw sharedSession();
  known.sessionsAreOwn = true;
  resetAtEnd(client);
  await discardOthers(client);
}

/**
 * Whoever had the session before may have left temporary tables, which are found before all others, a search path, a
 * role or settings such as session_replication_role, where the pooler resets nothing. The path stays where it is one
 * of the connection's own parameters: the pooler has set it for us.
 */
async function discardOthers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ path: string }>("select current_setting('search_path') as path");
  await client.query("discard all");
  const { connectionParameters: own } = client as unknown as { connectionParameters?: { options?: string } };
  const isOurs = /\bsearch_path\b/.test(own?.options ?? "");
  if (isOurs) await client.query("select set_config('search_path', $1, false)", [rows[0]!.path]);
}

/** Longer than any reset takes; a server that is gone keeps nobody from ending. */
const resetPatience = 2_000;

/** The pooler may have no `server_reset_query`: what we set would be set for whoever gets the session next. */
function resetAtEnd(client: pg.Client): void {
  const end = client.end.bind(client);
  let isResetting = false;
  client.end = ((then?: (error: Error) => void) => {
    if (isResetting) return then === undefined ? end() : end(then as () => void);
    isResetting = true;
    const reset = client.query("discard all").catch(() => {}); // within a transaction, or with the connection lost
    const ended = Promise.race([reset, sleep(resetPatience, undefined, { ref: false })]).then(() => end());
    if (then === undefined) return ended;
    ended.then(() => (then as () => void)(), then);
    return undefined;
  }) as typeof client.end;
}

/**
 * While `client` is idle outside of a transaction another connection begins one: under transaction pooling it gets the
 * server's process that `client` had, or `client` gets another one the next time.
 */
async function isShared(client: pg.Client, pid: number, connectAnother: () => Promise<pg.Client>): Promise<boolean> {
  const another = await connectAnother();
  try {
    const theirs = await Promise.race([pidIn(another), sleep(poolerPatience, undefined, { ref: false })]);
    if (theirs === undefined) return false;
    if (theirs === pid) return true;
    for (let look = 0; look < 3; look++) if ((await pidOf(client)) !== pid) return true;
    return false;
  } catch (error) {
    if ((error as { code?: unknown }).code === protocolViolation) return true; // statement pooling has no transactions
    throw error;
  } finally {
    another.end().catch(() => {});
  }
}

async function pidIn(another: pg.Client): Promise<number> {
  await another.query("begin read only");
  return pidOf(another);
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid()::int4 as pid");
  return rows[0]!.pid;
}

function sharedSession(): AppError {
  return new AppError(
    "database_pooler",
    "Between this program and PostgreSQL stands a pooler that gives each transaction another session (transaction pooling).",
    {
      hint:
        "Locks and settings would end up with other users of the pooler. Name PostgreSQL itself in DATABASE_URL (or DB_HOST, DB_PORT), or a port of the " +
        "pooler with session pooling. Nothing was touched.",
    },
  );
}

function differentServers(): AppError {
  return new AppError(
    "database_servers_differ",
    "The address of PostgreSQL leads to different servers: two open connections have processes that were started at different times.",
    {
      hint:
        "Name the primary itself in DATABASE_URL (or DB_HOST, DB_PORT), not a balancer over several servers. After a failover run the same command again: " +
        "it goes on where it was.",
    },
  );
}
