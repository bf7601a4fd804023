import { quoteIdentifier, type Table } from "../../stores/postgres/table.ts";
import { parseReason } from "./keep-rules.ts";
import type { KeepReason } from "./report.ts";

/**
 * What is read beside each row, in the same statement: the versions that were compared, and whether a rule keeps the
 * row.
 */
export interface PurgeNote {
  /** The transaction that wrote this version of the row: another version has another xmin. */
  readonly xmin: string;
  /** Id and xmin of each offload row. */
  readonly offloads: readonly (readonly [string, string])[] | null;
  readonly reason: KeepReason | null;
  /** The foreign key that keeps the row. */
  readonly heldBy?: string;
  /** That the row takes in its table, compressed values as they are stored; without indexes and what a page adds. */
  readonly bytes: number;
}

/** SQL of the note on the row `t`. */
export function noteExpression(keepReason: string, table: Table, offloads: Table | undefined): string {
  const versions =
    offloads === undefined
      ? "null"
      : `(select json_agg(json_build_array(o.${quoteIdentifier("id")}::text, o.xmin::text)) from ${offloads.sqlName} o where o.node_execution_id = t.id)`;
  return `json_build_object('xmin', t.xmin::text, 'offloads', ${versions}, 'reason', ${keepReason}, 'bytes', ${storedBytes(table, "t")})::text`;
}

/**
 * SQL of the bytes that a row takes: a value's header tells its size, so that nothing that lies out of line is read.
 */
export function storedBytes(table: Table, alias: string): string {
  const columns = table.columns.map(({ name }) => `coalesce(pg_column_size(${alias}.${quoteIdentifier(name)}), 0)`);
  return `(${[rowHeaderBytes, ...columns].join(" + ")})::bigint`;
}

/** Of a row and of its entry in the page: https://www.postgresql.org/docs/current/storage-page-layout.html */
const rowHeaderBytes = 28;

export function parseNote(text: string): PurgeNote {
  const note = JSON.parse(text) as PurgeNote;
  return note.reason === null ? note : { ...note, ...parseReason(note.reason) };
}
