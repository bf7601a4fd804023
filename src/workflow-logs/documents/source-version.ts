import type { Pool } from "pg";

/**
 * SQL: how many transactions the statement's snapshot sees. A later snapshot sees all that an earlier one saw, so this
 * number never falls from one read to a later one, and is the same only where both saw exactly the same rows: what was
 * read may be written in its order, whenever it arrives. Subtransactions are counted when they are assigned, which
 * moves the number of both reads alike. 64 bits, so that it does not wrap around; as old as PostgreSQL 13.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export const versionExpression =
  "(select pg_snapshot_xmax(s)::text::bigint - (select count(*) from pg_snapshot_xip(s)) from pg_current_snapshot() s)";

/**
 * SQL: the same for a row `t` that was written after the transaction `xid`, which is in 64 bits; 0 for one written
 * before, which then replaces no document. xmin has 32 of these bits: the latest number that ends with them is meant.
 */
export function versionSince(xid: string): string {
  const now = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
  const age = `((${now} - t.xmin::text::bigint) & 4294967295)`;
  return `case when ${age} <= ${now} - ${BigInt(xid)} then ${versionExpression} else 0 end`;
}

/** The version that a row would have which is read now; rows that are looked at afterwards have none that is lower. */
export async function sourceVersion(postgres: Pool): Promise<string> {
  const found = await postgres.query<{ version: string }>(`select ${versionExpression} as version`);
  return found.rows[0]!.version;
}
