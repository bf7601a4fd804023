import type { DataType } from "../partitions/log-types.ts";
import { appLogKind } from "../repositories/app-logs/app-log.ts";
import { nodeExecutionKind } from "../repositories/node-executions/node-execution.ts";
import { columnOf, type FieldKind } from "../repositories/records/record-kind.ts";
import { workflowRunKind } from "../repositories/workflow-runs/workflow-run.ts";

/** A document, as JSON that keeps whole numbers exact. */
export type Document = Readonly<Record<string, unknown>>;

/** The column that has what a document has beside Dify's columns, as JSON. */
export const more = "more";

/** Dify's columns of each table, in their order. */
export const columns: Readonly<Record<DataType, readonly { readonly name: string; readonly kind: FieldKind }[]>> = {
  workflow_runs: columnsOf(workflowRunKind.fields),
  app_logs: columnsOf(appLogKind.fields),
  node_executions: columnsOf(nodeExecutionKind.fields),
};

function columnsOf(fields: Readonly<Record<string, FieldKind>>): { name: string; kind: FieldKind }[] {
  return Object.entries(fields).map(([field, kind]) => ({ name: columnOf(field), kind }));
}

/** What has no column of its own and is not the archive's. Undefined when there is nothing. */
export function others(document: Document, known: (name: string) => boolean): Document | undefined {
  const rest = Object.entries(document).filter(([name]) => name !== "archive" && !known(name));
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

export function jsonOf(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part));
}
