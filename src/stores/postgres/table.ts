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
  /** Columns of valid, complete BRIN indexes. */
  readonly brinColumns: readonly string[];
  /** Whether the database sees to it that no two rows have the same id. */
  readonly idIsUnique: boolean;
  /** Whether text may be bytes of any encoding, as in a database with SQL_ASCII. */
  readonly textIsUnchecked: boolean;
  /** The planner's estimate; -1 when the table was never analysed. */
  readonly estimatedRows: number;
}

interface Found extends Omit<Table, "sqlName" | "name" | "textIsUnchecked" | "estimatedRows"> {
  readonly schema: string;
  readonly rows: string;
  readonly encoding: string;
}

/**
 * The table as the catalogue describes it, found by the search path; undefined when there is none. One statement: many
 * are looked at before each run.
 */
export async function inspectTable(db: Pool | PoolClient, name: string): Promise<Table | undefined> {
  const { rows: found } = await db.query<Found>(
    `select n.nspname as schema, c.reltuples::bigint::text as rows, current_setting('server_encoding') as encoding,
            (select coalesce(json_agg(json_build_object('name', a.attname, 'type', t.typname, 'notNull', a.attnotnull) order by a.attnum), '[]')
               from pg_attribute a join pg_type t on t.oid = a.atttypid
              where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
            (select coalesce(json_agg(array(select a.attname from unnest(i.indkey) with ordinality k(num, at)
                                       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.num order by k.at) order by i.indexrelid), '[]')
               from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
              where i.indrelid = c.oid and i.indisvalid and i.indpred is null and m.amname = 'btree') as indexes,
            to_json(array(select a.attname from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
                    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey::smallint[])
                   where i.indrelid = c.oid and i.indisvalid and i.indpred is null and m.amname = 'brin')) as "brinColumns",
            exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                     where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indnkeyatts = 1 and a.attname = 'id') as "idIsUnique"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.oid = to_regclass(quote_ident($1)) and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [name],
  );
  const table = found[0];
  if (table === undefined) return undefined;
  return {
    sqlName: `${quoteIdentifier(table.schema)}.${quoteIdentifier(name)}`,
    name,
    columns: table.columns,
    indexes: table.indexes,
    brinColumns: table.brinColumns,
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

/** Methods of the indexes that find rows by a range of the column: B-trees that begin with it, and BRIN. */
export function rangeIndexesOn(table: Table, column: string): readonly ("btree" | "brin")[] {
  return [
    ...(hasIndexOn(table, [column]) ? (["btree"] as const) : []),
    ...(table.brinColumns.includes(column) ? (["brin"] as const) : []),
  ];
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
