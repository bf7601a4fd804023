import type { Pool } from "pg";
import { sqlIdType, type Table } from "../../stores/postgres/table.ts";
import type { PostgresLogs } from "../rows/postgres-logs.ts";

/**
 * PostgreSQL's snapshot at this moment, as text; undefined where the rows have no xmin, for they are those of a view.
 */
export async function currentSnapshot(postgres: Pool, table: Table): Promise<string | undefined> {
  const result = await postgres.query<{ snapshot: string }>(
    `select pg_current_snapshot()::text as snapshot
      where exists (select from pg_attribute where attrelid = $1::regclass and attname = 'xmin')`,
    [table.sqlName],
  );
  return result.rows[0]?.snapshot;
}

/**
 * Which of the rows were written by transactions that the run's snapshot does not see, so after the run began. xmin is
 * 32 bits of a counter of 64: the latest number with these bits is meant.
 */
export async function writtenSince(
  {
    postgres,
    source,
    snapshot,
  }: { readonly postgres: Pool; readonly source: PostgresLogs; readonly snapshot: string | undefined },
  ids: readonly string[],
): Promise<Set<string>> {
  const { table } = source.source;
  if (ids.length === 0 || snapshot === undefined) return new Set();
  const rows = await postgres.query<{ id: string }>(
    `select t.id::text as id
       from ${table.sqlName} t, (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next) now
      where t.id = any($1::${sqlIdType(table)}[])
        and not pg_visible_in_snapshot(
              (now.next - mod(now.next - t.xmin::text::bigint, 4294967296))::text::xid8, $2::pg_snapshot)`,
    [ids, snapshot],
  );
  return new Set(rows.rows.map((row) => row.id));
}
