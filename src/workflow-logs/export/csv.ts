import { parseExactJson } from "../../stores/elasticsearch/documents/exact-json.ts";
import type { DataType } from "../partitions/log-types.ts";
import { appLogKind } from "../repositories/app-logs/app-log.ts";
import { nodeExecutionKind } from "../repositories/node-executions/node-execution.ts";
import { columnOf } from "../repositories/records/record-kind.ts";
import { workflowRunKind } from "../repositories/workflow-runs/workflow-run.ts";

/** Dify's columns of each table; what a document has beside them goes into the last one, as JSON. */
const columns: Readonly<Record<DataType, readonly string[]>> = {
  workflow_runs: Object.keys(workflowRunKind.fields).map(columnOf),
  app_logs: Object.keys(appLogKind.fields).map(columnOf),
  node_executions: Object.keys(nodeExecutionKind.fields).map(columnOf),
};
const more = "more";

/** The first line, as RFC 4180 has it. */
export function csvHead(dataType: DataType): Buffer {
  return Buffer.from(`${[...columns[dataType], more].join(",")}\r\n`);
}

/** A line for each document. NULL is nothing at all, and an empty text `""`, as PostgreSQL's COPY reads them. */
export function csvLines(dataType: DataType, sources: readonly Buffer[]): Buffer {
  const known = columns[dataType];
  const lines = sources.map((source) => {
    const document = parseExactJson(source) as Readonly<Record<string, unknown>>;
    const others = Object.entries(document).filter(([name]) => !known.includes(name) && name !== "archive");
    const cells = known.map((name) => cell(document[name]));
    const rest = others.length === 0 ? "" : cell(json(Object.fromEntries(others)));
    return `${[...cells, rest].join(",")}\r\n`;
  });
  return Buffer.from(lines.join(""));
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : json(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function json(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part));
}
