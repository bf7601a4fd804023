import { type Column, type Table, quoteIdentifier, quoteLiteral } from "../../stores/postgres/table.ts";
import { columnKind, type ColumnKind } from "./column-writers.ts";
import type { RelatedRows } from "./related-rows.ts";
import { versionExpression, versionSince } from "./source-version.ts";

interface LayoutColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Position in the tuple. */
  readonly field: number;
}

/**
 * Which field of a source tuple is what. Every query of rows selects, in this order: the key's created_at and id, then
 * each column of the table (all NULL when the row of the key is gone), then the offload rows as JSON text where there
 * are any, then what comes of related rows.
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
  /** What goes into `archive` beside the row's own. */
  readonly related: RelatedLayout | undefined;
  /** A text beside the row that is no part of its document; see withNote. */
  readonly noteField?: number;
  /** The version that documents of the rows are written with; see withVersion. */
  readonly versionField?: number;
  /** Text may be bytes of no encoding: each document has to be looked at. */
  readonly textIsUnchecked: boolean;
  readonly fields: number;
  /** The select list behind the two key columns, for the table alias `t`. */
  readonly selectList: string;
  /** What it takes of `t` beside columns. */
  readonly systemColumns: readonly "xmin"[];
  /** What follows the join of `t`: joins that the select list needs. */
  readonly joins: string;
}

export interface RelatedLayout {
  readonly members: readonly { readonly name: string; readonly columns: readonly LayoutColumn[] }[];
  /** NULL while the row that the document is about is not there: the platform may write it later. */
  readonly awaitedField: number | undefined;
  /** Texts that are searched and not kept. */
  readonly searchFields: readonly number[];
  readonly textBytes: RelatedRows["textBytes"];
}

const keyFields = 2;

/**
 * `offloads` and `files` are the tables of offload rows and their files where the schema has them and they are to be
 * carried.
 */
export function rowLayout(table: Table, offloads?: Table, files?: Table, related?: RelatedRows): RowLayout {
  const columns = table.columns.map((column, at) => ({
    name: column.name,
    kind: columnKind(column.type).kind,
    field: keyFields + at,
  }));
  const find = (name: string): LayoutColumn | undefined => columns.find((column) => column.name === name);
  const expressions = table.columns.map((column) => `t.${quoteIdentifier(column.name)}${columnKind(column.type).cast}`);
  if (offloads !== undefined) expressions.push(offloadsExpression(offloads, files));
  const relatedFields = related && relatedLayout(related, keyFields, expressions);
  return {
    keyCreatedAt: 0,
    keyId: 1,
    idKind: find("id")!.kind,
    createdAtKind: find("created_at")!.kind,
    columns,
    statusField: find("status")?.field,
    idField: find("id")!.field,
    offloadsField: offloads === undefined ? undefined : keyFields + columns.length,
    related: relatedFields,
    textIsUnchecked: table.textIsUnchecked,
    fields: keyFields + expressions.length,
    selectList: expressions.join(", "),
    systemColumns: [],
    joins: (related?.members ?? []).map(({ join }) => join).join(" "),
  };
}

/** Appends the expressions of related rows, noting which fields they become. */
function relatedLayout(related: RelatedRows, before: number, expressions: string[]): RelatedLayout {
  const fieldOf = (expression: string): number => before + expressions.push(expression) - 1;
  const members = related.members.map(({ name, alias, columns }) => ({
    name,
    columns: columns.map((column) => {
      const { kind, cast } = columnKind(column.type);
      return { name: column.name, kind, field: fieldOf(`${alias}.${quoteIdentifier(column.name)}${cast}`) };
    }),
  }));
  return {
    members,
    awaitedField: members.find(({ name }) => name === "run")?.columns[0]!.field,
    searchFields: related.searchTexts.map(fieldOf),
    textBytes: related.textBytes,
  };
}

/**
 * The layout with one more text for each row: what `expression` says of the row `t` and its xmin, read in the same
 * statement. Batches carry it in `notes`.
 */
export function withNote(layout: RowLayout, expression: string): RowLayout {
  return {
    ...layout,
    noteField: layout.fields,
    fields: layout.fields + 1,
    systemColumns: ["xmin"],
    selectList: `${layout.selectList}, ${expression}`,
  };
}

/**
 * The layout with the version of the read beside each row, so that no older read replaces what a newer one wrote. Where
 * the database was set back, rows written before the transaction `setBackXid` replace no document at all.
 */
export function withVersion(layout: RowLayout, setBackXid?: string): RowLayout {
  return {
    ...layout,
    versionField: layout.fields,
    fields: layout.fields + 1,
    ...(setBackXid !== undefined && { systemColumns: ["xmin"] as const }),
    selectList: `${layout.selectList}, ${setBackXid === undefined ? versionExpression : versionSince(setBackXid)}`,
  };
}

/**
 * The offload rows of `t` with all their columns as text, each with the key, size and hash of its file: a JSON array on
 * one line (json_agg would put line ends between the elements and break the bulk format), NULL when there are none.
 * That is looked up first: an aggregate of nothing takes longer.
 */
function offloadsExpression(offloads: Table, files: Table | undefined): string {
  const file =
    files === undefined
      ? "null"
      : `(select ${jsonObject(files.columns, "f")} from ${files.sqlName} f where f.id = o.file_id)`;
  const ofRow = `from ${offloads.sqlName} o where o.node_execution_id = t.id`;
  const list = `select '[' || string_agg(${jsonObject(offloads.columns, "o", `'file', ${file}`)}::text, ',' order by o.id) || ']'`;
  return `case when (select true ${ofRow} limit 1) then (${list} ${ofRow}) end`;
}

function jsonObject(columns: readonly Column[], alias: string, more?: string): string {
  const members = columns.map(
    (column) => `${quoteLiteral(column.name)}, ${alias}.${quoteIdentifier(column.name)}::text`,
  );
  return `json_build_object(${[...members, ...(more === undefined ? [] : [more])].join(", ")})`;
}
