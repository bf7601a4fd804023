import type { Pool, PoolClient } from "pg";

export interface Column {
  readonly name: string;
  /** Type name without modifiers, as pg_type has it: `uuid`, `timestamp`, `text`, `varchar`, `int8`, ... */
  readonly type: string;
  readonly notNull: boolean;
}

export interface Table {
  /** Schema-qualified and quoted, ready for a statement. */
  readonly sqlName: string;
  readonly name: string;
  readonly columns: readonly Column[];
  /** Column names of each valid, complete B-tree index, in order. */
  readonly indexes: readonly (readonly string[])[];
  /** Whether the database sees to it that no two rows have the same id. */
  readonly idIsUnique: boolean;
  /** Whether text may be bytes of any encoding, as in a database with SQL_ASCII. */
  readonly textIsUnchecked: boolean;
  /** The planner's estimate; -1 when the table was never analysed. */
  readonly estimatedRows: number;
}

/** The table as the catalogue describes it, found by the search path; undefined when there is none. */
export async function inspectTable(db: Pool | PoolClient, name: string): Promise<Table | undefined> {
  const found = await db.query<{ oid: string; schema: string; rows: string; idIsUnique: boolean; encoding: string }>(
    `select c.oid::text as oid, n.nspname as schema, c.reltuples::bigint::text as rows, current_setting('server_encoding') as encoding,
            exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                     where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indnkeyatts = 1 and a.attname = 'id') as "idIsUnique"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.oid = to_regclass(quote_ident($1)) and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [name],
  );
  const table = found.rows[0];
  if (table === undefined) return undefined;
  const columns = await db.query<Column>(
    `select a.attname as name, t.typname as type, a.attnotnull as "notNull"
       from pg_attribute a join pg_type t on t.oid = a.atttypid
      where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [table.oid],
  );
  const indexes = await db.query<{ columns: string[] }>(
    `select to_json(array(select a.attname from unnest(i.indkey) with ordinality k(num, at)
                    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.num order by k.at)) as columns
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
      where i.indrelid = $1 and i.indisvalid and i.indpred is null and m.amname = 'btree'`,
    [table.oid],
  );
  return {
    sqlName: `${quoteIdentifier(table.schema)}.${quoteIdentifier(name)}`,
    name,
    columns: columns.rows,
    indexes: indexes.rows.map((row) => row.columns),
    idIsUnique: table.idIsUnique,
    textIsUnchecked: table.encoding === "SQL_ASCII",
    estimatedRows: Number(table.rows),
  };
}

export function hasColumn(table: Table, name: string): boolean {
  return table.columns.some((column) => column.name === name);
}

/** Whether an index begins with these columns, in this order. */
export function hasIndexOn(table: Table, columns: readonly string[]): boolean {
  return table.indexes.some((index) => columns.every((column, at) => index[at] === column));
}

/** The type of the table's ids, ready for a statement. */
export function sqlIdType(table: Table): string {
  return quoteIdentifier(table.columns.find((column) => column.name === "id")!.type);
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal that means the same whatever standard_conforming_strings says. COPY takes no parameters. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}
