import { type Column, type Table, quoteIdentifier, quoteLiteral } from "../../stores/postgres/table.ts";
import { columnKind, type ColumnKind } from "./column-writers.ts";

interface LayoutColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Position in the tuple. */
  readonly field: number;
}

/**
 * Which field of a source tuple is what. Every query of rows selects, in this order: the key's created_at and id, then each column of the
 * table (all NULL when the row of the key is gone), then the offload rows as JSON text where there are any.
 */
export interface RowLayout {
  readonly keyCreatedAt: 0;
  readonly keyId: 1;
  readonly idKind: ColumnKind;
  readonly createdAtKind: ColumnKind;
  readonly columns: readonly LayoutColumn[];
  readonly statusField: number | undefined;
  readonly idField: number;
  readonly offloadsField: number | undefined;
  /** A text beside the row that is no part of its document; see withNote. */
  readonly noteField?: number;
  readonly fields: number;
  /** The select list behind the two key columns, for the table alias `t`. */
  readonly selectList: string;
}

const keyFields = 2;

/** `offloads` and `files` are the tables of offload rows and their files where the schema has them and they are to be carried. */
export function rowLayout(table: Table, offloads?: Table, files?: Table): RowLayout {
  const columns = table.columns.map((column, at) => ({
    name: column.name,
    kind: columnKind(column.type).kind,
    field: keyFields + at,
  }));
  const find = (name: string): LayoutColumn | undefined => columns.find((column) => column.name === name);
  const expressions = table.columns.map((column) => `t.${quoteIdentifier(column.name)}${columnKind(column.type).cast}`);
  if (offloads !== undefined) expressions.push(offloadsExpression(offloads, files));
  return {
    keyCreatedAt: 0,
    keyId: 1,
    idKind: find("id")!.kind,
    createdAtKind: find("created_at")!.kind,
    columns,
    statusField: find("status")?.field,
    idField: find("id")!.field,
    offloadsField: offloads === undefined ? undefined : keyFields + columns.length,
    fields: keyFields + expressions.length,
    selectList: expressions.join(", "),
  };
}

/** The layout with one more text for each row: what `expression` says of the row `t`, read in the same statement. Batches carry it in `notes`. */
export function withNote(layout: RowLayout, expression: string): RowLayout {
  return {
    ...layout,
    noteField: layout.fields,
    fields: layout.fields + 1,
    selectList: `${layout.selectList}, ${expression}`,
  };
}

/**
 * The offload rows of `t` with all their columns as text, each with the key, size and hash of its file: a JSON array on one line (json_agg would put
 * line ends between the elements and break the bulk format), NULL when there are none.
 */
function offloadsExpression(offloads: Table, files: Table | undefined): string {
  const file =
    files === undefined
      ? "null"
      : `(select ${jsonObject(files.columns, "f")} from ${files.sqlName} f where f.id = o.file_id)`;
  return `(select '[' || string_agg(${jsonObject(offloads.columns, "o", `'file', ${file}`)}::text, ',' order by o.id) || ']'
    from ${offloads.sqlName} o where o.node_execution_id = t.id)`;
}

function jsonObject(columns: readonly Column[], alias: string, more?: string): string {
  const members = columns.map(
    (column) => `${quoteLiteral(column.name)}, ${alias}.${quoteIdentifier(column.name)}::text`,
  );
  return `json_build_object(${[...members, ...(more === undefined ? [] : [more])].join(", ")})`;
}
