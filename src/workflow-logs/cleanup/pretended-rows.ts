import { sqlIdType } from "../../stores/postgres/table.ts";
import type { Connections } from "../connections.ts";
import type { Run } from "../../runs/run.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { buildIdTable, type Reference } from "./tables/id-tables.ts";

/** The rows that a dry run would have deleted, so that what depends on them counts as it would. */
export interface PretendedRows {
  readonly add: (ids: readonly string[]) => Promise<void>;
  readonly contains: Reference;
}

export async function pretendedRows(
  { postgres }: Connections,
  run: Run,
  { table, logType }: SourceTable,
): Promise<PretendedRows> {
  const none = `select t.id from ${table.sqlName} t where false`;
  const { sqlName, contains } = await buildIdTable(postgres, run, `deleted_${logType.dataType}`, none);
  const idType = sqlIdType(table);
  return {
    contains,
    add: async (ids) => void (await postgres.query(`insert into ${sqlName} select unnest($1::${idType}[])`, [ids])),
  };
}
