import { setTimeout as sleep } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { AppError } from "../../engine/errors.ts";
import type { Table } from "./table.ts";

export type LockMode = "share row exclusive" | "access exclusive";

export interface LockWait {
  readonly signal: AbortSignal;
  readonly giveUpAfterMillis: number;
  /** Called once, when the table is not to be had at once. */
  readonly onWait: (holders: string) => void;
}

/**
 * While a lock is waited for, every writer queues behind it; so it is waited for shortly, and tried again after a
 * pause. The longest wait is just beyond deadlock_timeout (1s), when the server itself ends an autovacuum that is in
 * the way.
 */
const waitMillis = [200, 400, 600, 800, 1000, 1200];
const pauseMillis = 1000;
const lockNotAvailable = "55P03";

/**
 * Does `work` in one transaction that holds the table in the mode. Throws AppError, with who holds the table, when it
 * was not to be had in time; nothing was changed then.
 */
export async function withTableLock(
  pool: Pool,
  table: Table,
  mode: LockMode,
  work: (client: PoolClient) => Promise<void>,
  { signal, giveUpAfterMillis, onWait }: LockWait,
): Promise<void> {
  const giveUpAt = performance.now() + giveUpAfterMillis;
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    if (await tryLocked(pool, table, mode, work, waitMillis[Math.min(attempt, waitMillis.length - 1)]!)) return;
    const holders = await holdersOf(pool, table, mode);
    if (attempt === 0) onWait(`${table.name} is held by ${holders}`);
    if (performance.now() + pauseMillis > giveUpAt) throw notAvailable(table, holders);
    await sleep(pauseMillis, undefined, { signal });
  }
}

async function tryLocked(
  pool: Pool,
  table: Table,
  mode: string,
  work: (client: PoolClient) => Promise<void>,
  lockTimeoutMillis: number,
): Promise<boolean> {
  const client = await pool.connect();
  let isClean = false;
  try {
    await client.query(`begin; set local lock_timeout = ${lockTimeoutMillis}`);
    await client.query(`lock table ${table.sqlName} in ${mode} mode`);
    await work(client);
    await client.query("commit");
    isClean = true;
    return true;
  } catch (error) {
    isClean = await client.query("rollback").then(
      () => true,
      () => false,
    );
    if ((error as { code?: string }).code === lockNotAvailable) return false;
    throw error;
  } finally {
    client.release(!isClean);
  }
}

/**
 * Who holds a lock on the table that keeps this one from being had, as one line; a prepared transaction has no process.
 */
async function holdersOf(pool: Pool, table: Table, mode: LockMode): Promise<string> {
  const harmless = mode === "access exclusive" ? [] : ["AccessShareLock", "RowShareLock"];
  const found = await pool.query<{ holder: string }>(
    `select case when l.pid is null then 'a prepared transaction (pg_prepared_xacts)'
              else format('process %s (%s%s, in a transaction for %ss): %s', l.pid, coalesce(nullif(a.application_name, ''), a.backend_type, 'unknown'),
                          ', ' || a.state, round(extract(epoch from clock_timestamp() - a.xact_start)),
                          coalesce(nullif(left(regexp_replace(a.query, '\\s+', ' ', 'g'), 100), ''), '?')) end as holder
       from (select distinct pid from pg_locks
              where locktype = 'relation' and relation = $1::regclass and granted and mode <> all($2::text[])
                and database = (select oid from pg_database where datname = current_database())) l
       left join pg_stat_activity a on a.pid = l.pid
      order by a.xact_start nulls first limit 5`,
    [table.sqlName, harmless],
  );
  return found.rows.map(({ holder }) => holder).join("; ") || "sessions that have ended since";
}

function notAvailable(table: Table, holders: string): AppError {
  return new AppError("table_busy", `${table.name} was not to be had in time: it is held by ${holders}.`, {
    hint: "Wait until that has ended, or end it (select pg_terminate_backend(PROCESS)), then run the same command again: it goes on with the tables that are left.",
  });
}
