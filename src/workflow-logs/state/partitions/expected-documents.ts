import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";

/** Of one partition: documents that are meant to have no row, and rows that Elasticsearch refused. */
export interface WithoutRow {
  readonly kept: number;
  readonly refused: number;
}

/** By `<tenant>/<month>`; partitions of which there is nothing are left out. */
export async function expectedWithoutRow(db: StateDatabase, dataType: string): Promise<Map<string, WithoutRow>> {
  const { rows } = await sql<{ place: string; kept: string; refused: string }>`
    select tenant_id || '/' || month as place, sum(kept) as kept, sum(refused) as refused from (
      select tenant_id, month, count(*) as kept, 0 as refused from log_archive.purged_rows
       where data_type = ${dataType} and not expired group by 1, 2
      union all
      select tenant_id, month, count(*), 0 from log_archive.deleted_rows where data_type = ${dataType} group by 1, 2
      union all
      select tenant_id, month, 0, count(*) from log_archive.record_errors
       where data_type = ${dataType} and month is not null group by 1, 2) e
     group by 1`.execute(db);
  return new Map(rows.map(({ place, kept, refused }) => [place, { kept: Number(kept), refused: Number(refused) }]));
}
