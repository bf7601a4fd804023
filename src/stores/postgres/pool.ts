import pg from "pg";

export type { Pool } from "pg";

/**
 * Settings every connection gets before its first statement. DateStyle and extra_float_digits fix the text form of values; the time-outs keep
 * a forgotten transaction or a queued lock of ours from harming the platform.
 */
const sessionSettings = [
  "set time zone 'UTC'",
  "set datestyle to 'ISO, YMD'",
  "set extra_float_digits to 3",
  "set client_encoding to 'UTF8'",
  "set statement_timeout to 0", // the scan that lists the keys of a large table takes longer than a role's default may allow
  "set lock_timeout to '5s'",
  "set idle_in_transaction_session_timeout to '60s'",
].join("; ");

/** A pool of at most `size` connections to `url`. Connects on first use. */
export function createPool(url: string, size = 10): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    application_name: "log-archive",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types: { getTypeParser },
    onConnect: async (client) => void (await client.query(sessionSettings)),
  });
  pool.on("error", () => {}); // an idle connection died; the next query opens another or fails with its own error
  // A connection in use that ends between two queries would end the process: its next query fails with an error of its own.
  pool.on("connect", (client) => void client.on("error", () => {}));
  return pool;
}

const booleanOid = 16;
const int2Oid = 21;
const int4Oid = 23;
const jsonOids = new Set([114, 3802]);

/**
 * Values stay the text PostgreSQL sent, but for small integers, booleans and our own jsonb: a `timestamp` turned into a Date loses
 * microseconds and moves by the host's zone, a bigint loses digits.
 */
export function getTypeParser(oid: number): (value: string) => unknown {
  if (oid === booleanOid) return (value) => value === "t";
  if (oid === int2Oid || oid === int4Oid) return Number;
  if (jsonOids.has(oid)) return JSON.parse;
  return (value) => value;
}
