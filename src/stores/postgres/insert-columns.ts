import type { Pool, PoolClient } from "pg";
import type { Column, Table } from "./table.ts";

export interface InsertColumn extends Column {
  /** The database fills it when a statement leaves it out. */
  readonly hasDefault: boolean;
}

/** The columns that a statement may give values for, in order: all but the generated ones. */
export async function insertColumns(db: Pool | PoolClient, table: Table): Promise<InsertColumn[]> {
  const found = await db.query<InsertColumn>(
    `select a.attname as name, t.typname as type, a.attnotnull as "notNull", a.atthasdef or a.attidentity <> '' as "hasDefault"
       from pg_attribute a join pg_type t on t.oid = a.atttypid
      where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum`,
    [table.sqlName],
  );
  return found.rows;
}
