import type { Pool } from "pg";

/**
 * SQL: how many transactions the statement's snapshot sees. A later snapshot sees all that an earlier one saw, so this number never falls from one read to a
 * later one, and is the same only where both saw exactly the same rows: what was read may be written in its order, whenever it arrives. Subtransactions are
 * counted when they are assigned, which moves the number of both reads alike. 64 bits, so that it does not wrap around; as old as PostgreSQL 13.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export const versionExpression =
  "(select pg_snapshot_xmax(s)::text::bigint - (select count(*) from pg_snapshot_xip(s)) from pg_current_snapshot() s)";

/** The version that a row would have which is read now; rows that are looked at afterwards have none that is lower. */
export async function sourceVersion(postgres: Pool): Promise<string> {
  const found = await postgres.query<{ version: string }>(`select ${versionExpression} as version`);
  return found.rows[0]!.version;
}
