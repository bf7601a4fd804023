import type { TableRow } from "../tables.ts";
import { jsonTexts, type Named } from "./json-texts.ts";
import { ordinaryAppLog, ordinaryNode, ordinaryRun, type Place } from "./ordinary-rows.ts";
import { longTexts, shortTexts } from "./plain-texts.ts";
import { bigints, doubles, endings, integers, monthless, timestamps } from "./scalars.ts";

/** One row that is known to break migrations. */
export type HostileCase = TableRow & {
  /** Table, columns and what is in them: unique. */
  name: string;
  /** What the file storage holds for it. */
  blob?: { key: string; content: Buffer };
};

type DataTable = "workflow_runs" | "workflow_app_logs" | "workflow_node_executions";

const nodeJson = ["inputs", "process_data", "outputs", "execution_metadata"];
const nodeShort = [
  "triggered_from",
  "predecessor_node_id",
  "node_execution_id",
  "node_id",
  "node_type",
  "title",
  "status",
];
const nilId: Named = { name: "nil uuid", text: "00000000-0000-0000-0000-000000000000" };
const maxId: Named = { name: "max uuid", text: "ffffffff-ffff-ffff-ffff-ffffffffffff" };
const legacyRole: Named = { name: "legacy end-user", text: "end-user" };

/** Which values go into which columns; all columns of an entry get the value at once. */
const plan: readonly [DataTable, readonly string[], readonly Named[]][] = [
  ["workflow_runs", ["graph", "inputs", "outputs"], jsonTexts],
  ["workflow_runs", ["error"], [...longTexts, ...shortTexts]],
  ["workflow_runs", ["type", "triggered_from", "version", "status"], shortTexts],
  ["workflow_runs", ["created_by_role"], [legacyRole, ...shortTexts]],
  ["workflow_runs", ["app_id", "workflow_id", "created_by"], [nilId, maxId]],
  ["workflow_runs", ["elapsed_time"], doubles],
  ["workflow_runs", ["total_tokens"], bigints],
  ["workflow_runs", ["total_steps", "exceptions_count"], integers],
  ["workflow_runs", ["created_at"], timestamps],
  ["workflow_runs", ["finished_at"], endings],
  ["workflow_app_logs", ["created_from", "created_by_role"], [legacyRole, ...shortTexts]],
  ["workflow_app_logs", ["app_id", "workflow_id", "workflow_run_id", "created_by"], [nilId, maxId]],
  ["workflow_app_logs", ["created_at"], timestamps],
  ["workflow_node_executions", nodeJson, jsonTexts],
  ["workflow_node_executions", ["error"], [...longTexts, ...shortTexts]],
  ["workflow_node_executions", nodeShort, shortTexts],
  ["workflow_node_executions", ["created_by_role"], [legacyRole, ...shortTexts]],
  ["workflow_node_executions", ["app_id", "workflow_run_id", "created_by"], [nilId, maxId]],
  ["workflow_node_executions", ["elapsed_time"], doubles],
  ["workflow_node_executions", ["index"], integers.filter(({ text }) => text !== null)],
  ["workflow_node_executions", ["created_at"], timestamps],
  ["workflow_node_executions", ["finished_at"], endings],
];

export function* columnCases(place: Place): Generator<HostileCase> {
  for (const [table, columns, values] of plan) {
    for (const value of values) yield columnCase(place, table, columns, value);
  }
}

/** Rows for which there is no index: each of them becomes a record error. */
export function* unarchivableCases(place: Place): Generator<HostileCase> {
  for (const value of monthless) {
    yield columnCase(place, "workflow_runs", ["created_at"], value);
    yield columnCase(place, "workflow_app_logs", ["created_at"], value);
    yield columnCase(place, "workflow_node_executions", ["created_at"], value);
  }
}

export function* hugeCases(place: Place): Generator<HostileCase> {
  const line = "All work and no play makes 杰克 a dull boy. ";
  const sizes: readonly [string, number][] = [
    ["6 MB", 6_000_000],
    ["20 MB", 20_000_000],
  ];
  for (const [name, bytes] of sizes) {
    const text = `{"text": "${line.repeat(Math.ceil(bytes / Buffer.byteLength(line)))}"}`;
    yield columnCase(place, "workflow_node_executions", ["outputs"], { name, text });
    yield columnCase(place, "workflow_runs", ["inputs"], { name, text });
  }
}

function columnCase(place: Place, table: DataTable, columns: readonly string[], value: Named): HostileCase {
  const name = `${table}.${columns.join(",")}: ${value.name}`;
  const values = Object.fromEntries(columns.map((column) => [column, value.text]));
  if (table === "workflow_runs") return { name, table, row: { ...ordinaryRun(place, name), ...values } };
  if (table === "workflow_app_logs") return { name, table, row: { ...ordinaryAppLog(place, name), ...values } };
  return { name, table, row: { ...ordinaryNode(place, name), ...values } };
}
