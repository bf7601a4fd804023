import { quoteIdentifier, type Table } from "../../stores/postgres/table.ts";
import type { KeepReason } from "./report.ts";

/** What is read beside each row, in the same statement: the versions that were compared, and whether a rule keeps the row. */
export interface PurgeNote {
  /** The transaction that wrote this version of the row: another version has another xmin. */
  readonly xmin: string;
  /** Id and xmin of each offload row. */
  readonly offloads: readonly (readonly [string, string])[] | null;
  readonly reason: KeepReason | null;
}

/** SQL of the note on the row `t`. */
export function noteExpression(keepReason: string, offloads: Table | undefined): string {
  const versions =
    offloads === undefined
      ? "null"
      : `(select json_agg(json_build_array(o.${quoteIdentifier("id")}::text, o.xmin::text)) from ${offloads.sqlName} o where o.node_execution_id = t.id)`;
  return `json_build_object('xmin', t.xmin::text, 'offloads', ${versions}, 'reason', ${keepReason})::text`;
}

export function parseNote(text: string): PurgeNote {
  return JSON.parse(text) as PurgeNote;
}
