import { logTypes } from "../../partitions/log-types.ts";
import type { LogRecord, RecordKind } from "../records/record-kind.ts";
import type { NodeExecution } from "./node-execution.ts";

/** What the picture of a run needs of a node execution: no large column. */
export interface NodeSnapshot extends Pick<
  NodeExecution,
  | "id"
  | "nodeExecutionId"
  | "nodeId"
  | "nodeType"
  | "title"
  | "index"
  | "status"
  | "elapsedTime"
  | "createdAt"
  | "finishedAt"
> {
  /** The iteration or loop that the node ran in, of its execution_metadata. */
  readonly iterationId: string | null;
  readonly loopId: string | null;
}

/** The columns that a snapshot is made of, and those it is found by. */
export interface SnapshotRow
  extends
    LogRecord,
    Pick<
      NodeExecution,
      | "appId"
      | "workflowId"
      | "triggeredFrom"
      | "workflowRunId"
      | "index"
      | "nodeExecutionId"
      | "nodeId"
      | "nodeType"
      | "title"
      | "status"
      | "elapsedTime"
      | "executionMetadata"
      | "finishedAt"
    > {}

export const snapshotKind: RecordKind<SnapshotRow> = {
  logType: logTypes.node_executions,
  fields: {
    id: "id",
    tenantId: "id",
    appId: "id",
    workflowId: "id",
    triggeredFrom: "text",
    workflowRunId: "id",
    index: "integer",
    nodeExecutionId: "text",
    nodeId: "text",
    nodeType: "text",
    title: "text",
    status: "text",
    elapsedTime: "double",
    executionMetadata: "text",
    createdAt: "timestamp",
    finishedAt: "timestamp",
  },
};

/** By (created_at, index, id). */
export function snapshotsOf(rows: readonly SnapshotRow[]): NodeSnapshot[] {
  return orderSnapshots(rows.map(snapshotOf));
}

export function orderSnapshots(snapshots: readonly NodeSnapshot[]): NodeSnapshot[] {
  return snapshots.toSorted((a, b) => text(a.createdAt, b.createdAt) || a.index - b.index || text(a.id, b.id));
}

function snapshotOf(row: SnapshotRow): NodeSnapshot {
  const { id, nodeExecutionId, nodeId, nodeType, title, index, status, elapsedTime, createdAt, finishedAt } = row;
  const metadata = metadataOf(row.executionMetadata);
  return {
    id,
    nodeExecutionId,
    nodeId,
    nodeType,
    title,
    index,
    status,
    elapsedTime,
    createdAt,
    finishedAt,
    iterationId: textOf(metadata["iteration_id"]),
    loopId: textOf(metadata["loop_id"]),
  };
}

/** Empty for what is no JSON object: metadata of old versions must not hide the run. */
function metadataOf(json: string | null): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(json ?? "null");
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function text(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
