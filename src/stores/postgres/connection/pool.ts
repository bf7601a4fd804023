import pg from "pg";
import type { SlowLog } from "../../../engine/log.ts";
import { repeatStatements } from "./conflicts.ts";
import { freeConnections } from "./free-connections.ts";
import { type KnownServer, requireOwnSession } from "./own-session.ts";
import { securedClient } from "./secured-client.ts";
import { watchStatements } from "./slow-statements.ts";
import { sessionSettings } from "./session-settings.ts";
import { connectionTarget } from "./tls.ts";

// src/stores/postgres owns how PostgreSQL is spoken to: connections (connection/), COPY (copy/), locks, tables as
// they are found, jobs (jobs/), and the runs that are recorded there. It never knows what a row of the platform
// means.

export type { Pool } from "pg";

/**
 * A pool of at most `size` connections to `url`, which may say how TLS is to be used (tls.ts). Connects on first use.
 * Sessions are our own and have the settings of session-settings.ts; with `slow` their slow statements are logged.
 * Throws UsageError when TLS cannot be used as the URL says.
 */
export function createPool(url: string, size = 10, slow?: SlowLog): pg.Pool {
  const target = connectionTarget(url);
  const options = {
    connectionString: target.url,
    ssl: target.attempts[0],
    sslnegotiation: target.negotiation,
    application_name: "log-archive",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types: { getTypeParser },
  };
  const Client = securedClient(target);
  const known: KnownServer = { startOf: new Map(), sessionsAreOwn: false };
  const connectAnother = async (): Promise<pg.Client> => {
    const client = new Client(options);
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  const pool: pg.Pool = new pg.Pool({
    ...options,
    Client,
    max: size,
    onConnect: async (client) => {
      await requireOwnSession(client as pg.Client, known, connectAnother);
      await client.query(sessionSettings);
      // where the role may have fewer, work waits for a connection instead of failing for want of one
      if (pool.totalCount <= 1)
        pool.options.max = Math.max(1, Math.min(size, (await freeConnections(client, 1)) ?? size));
    },
  });
  pool.on("error", () => {}); // an idle connection died; the next query opens another or fails with its own error
  // A connection in use that ends between two queries would end the process: its next query fails with an error of its
  // own.
  pool.on("connect", (client) => void client.on("error", () => {}));
  pool.on("connect", repeatStatements);
  if (slow !== undefined) pool.on("connect", (client) => watchStatements(client, slow));
  return pool;
}

const booleanOid = 16;
const int2Oid = 21;
const int4Oid = 23;
const jsonOids = new Set([114, 3802]);

/**
 * Values stay the text PostgreSQL sent, but for small integers, booleans and our own jsonb: a `timestamp` turned into a
 * Date loses microseconds and moves by the host's zone, a bigint loses digits.
 */
export function getTypeParser(oid: number): (value: string) => unknown {
  if (oid === booleanOid) return (value) => value === "t";
  if (oid === int2Oid || oid === int4Oid) return Number;
  if (jsonOids.has(oid)) return JSON.parse;
  return (value) => value;
}
