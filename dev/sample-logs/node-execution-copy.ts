import { rowLayout, type RowLayout } from "../../src/workflow-logs/documents/row-layout.ts";
import type { Table } from "../../src/stores/postgres/table.ts";
import { copyBytes } from "./copy-bytes.ts";
import { type SampleOptions, defaultSampleOptions } from "./sample-options.ts";
import { sampleStories } from "./stories.ts";
import { columnsOf, type Row } from "./tables.ts";

/**
 * Node executions as PostgreSQL would send them, without a PostgreSQL: for benchmarks and counters of what happens to
 * the bytes.
 */
export interface NodeExecutionCopy {
  /** A whole binary COPY of the tuples that `layout` describes. */
  readonly bytes: Buffer;
  readonly layout: RowLayout;
  readonly rows: number;
}

type NodeRow = Row<"workflow_node_executions">;

const uuids = new Set(
  "id tenant_id app_id workflow_id workflow_run_id created_by agent_workspace_binding_id".split(" "),
);
const timestamps = new Set(["created_at", "finished_at"]);
const table: Table = {
  sqlName: "workflow_node_executions",
  name: "workflow_node_executions",
  columns: columnsOf("workflow_node_executions", "1.16").map((name) => ({ name, type: typeOf(name), notNull: false })),
  indexes: [],
  brinColumns: [],
  idIsUnique: true,
  textIsUnchecked: false,
  estimatedRows: -1,
};

export function nodeExecutionCopy(sample: Partial<SampleOptions>): NodeExecutionCopy {
  const rows: NodeRow[] = [];
  for (const story of sampleStories({ ...defaultSampleOptions, ...sample })) {
    for (const { table: name, row } of story.rows) if (name === table.name) rows.push(row as NodeRow);
  }
  const tuples = rows.map((row) => [
    field("timestamp", row.created_at),
    field("uuid", row.id),
    ...table.columns.map(({ name, type }) => field(type, row[name as keyof NodeRow])),
  ]);
  return { bytes: copyBytes(tuples), layout: rowLayout(table), rows: rows.length };
}

function typeOf(column: string): string {
  if (uuids.has(column)) return "uuid";
  if (timestamps.has(column)) return "timestamp";
  return column === "index" ? "int4" : column === "elapsed_time" ? "float8" : "text";
}

function field(type: string, text: string | null): Buffer | null {
  if (text === null) return null;
  if (type === "uuid") return Buffer.from(text.replaceAll("-", ""), "hex");
  if (type === "text") return Buffer.from(text);
  const bytes = Buffer.alloc(type === "int4" ? 4 : 8);
  if (type === "int4") bytes.writeInt32BE(Number(text));
  else if (type === "float8") bytes.writeDoubleBE(Number(text));
  else bytes.writeBigInt64BE(BigInt(microsSince2000(text)));
  return bytes;
}

function microsSince2000(timestamp: string): number {
  const [whole = "", fraction = ""] = timestamp.split(".");
  return (Date.parse(`${whole.replace(" ", "T")}Z`) - epoch2000) * 1000 + Number(fraction.padEnd(6, "0"));
}

const epoch2000 = Date.UTC(2000, 0, 1);
