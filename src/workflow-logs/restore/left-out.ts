import type { PoolClient } from "pg";
import type { Partition } from "../partitions/log-types.ts";
import type { ArchivedRow } from "./documents/archived-row.ts";

/** Documents that are not brought back, by their ids. */
export interface LeftOut {
  /** The platform itself deleted the row: the last thing that was noted of it says so, or said so and was applied. */
  readonly deleted: ReadonlySet<string>;
  /** The row was purged from another month, which has its newer document. */
  readonly elsewhere: ReadonlyMap<string, string>;
}

export const nothingLeftOut: LeftOut = { deleted: new Set(), elsewhere: new Map() };

/** Call in the transaction that inserts the rows: whatever was committed before is seen. */
export async function whatIsLeftOut(
  client: PoolClient,
  { dataType, month }: Partition,
  absent: readonly ArchivedRow[],
  includeDeleted: boolean,
): Promise<LeftOut> {
  if (absent.length === 0) return nothingLeftOut;
  const ids = absent.map(({ id }) => id);
  const deleted = includeDeleted
    ? { rows: [] }
    : await client.query<{ id: string }>(
        `select record_id as id from log_archive.deleted_rows where data_type = $1 and record_id = any($2::text[])
         union
         select id from (select distinct on (record_id) record_id as id, operation from log_archive.dirty_rows
                          where data_type = $1 and record_id = any($2::text[]) and operation <> 'T'
                          order by record_id, version desc) last where operation = 'D'`,
        [dataType, ids],
      );
  const elsewhere = await client.query<{ id: string; month: string }>(
    "select record_id as id, month from log_archive.purged_rows where data_type = $1 and record_id = any($2::text[]) and month <> $3",
    [dataType, ids, month],
  );
  return {
    deleted: new Set(deleted.rows.map(({ id }) => id)),
    elsewhere: new Map(elsewhere.rows.map((row) => [row.id, row.month])),
  };
}

/** These rows are back because somebody asked for it: notes of their deletion say no more than where documents of theirs may lie. */
export async function forgetDeletions(
  client: PoolClient,
  { dataType }: Partition,
  ids: readonly string[],
): Promise<void> {
  await client.query(
    "update log_archive.dirty_rows set operation = 'T' where data_type = $1 and record_id = any($2::text[]) and operation = 'D'",
    [dataType, ids],
  );
}
