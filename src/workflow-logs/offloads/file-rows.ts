import type { Pool } from "pg";
import { hasColumn, sqlIdType, type Table } from "../../stores/postgres/table.ts";

/** A row of upload_files. */
export interface FileRow {
  readonly id: string;
  readonly tenantId: string;
  readonly key: string;
  readonly name: string;
  /** The platform says that something uses it. */
  readonly used: boolean;
}

/** The rows that are there, by their ids. */
export async function fileRows(
  pool: Pool,
  files: Table,
  ids: readonly string[],
): Promise<ReadonlyMap<string, FileRow>> {
  const idType = sqlIdType(files);
  const used = hasColumn(files, "used") ? "f.used" : "false";
  const found = await pool.query<FileRow>(
    `select f.id::text as id, f.tenant_id::text as "tenantId", f.key, f.name, ${used} as used from ${files.sqlName} f where f.id = any($1::${idType}[])`,
    [ids],
  );
  return new Map(found.rows.map((row) => [row.id, row]));
}
