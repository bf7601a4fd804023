import { logTypes } from "../../partitions/log-types.ts";
import type { LogRecord, RecordKind } from "../records/record-kind.ts";

/**
 * A row of workflow_node_executions. JSON columns are their exact text, timestamps ISO text in UTC with microseconds.
 */
export interface NodeExecution extends LogRecord {
  readonly appId: string;
  readonly workflowId: string;
  readonly triggeredFrom: string;
  /** None for a single step. */
  readonly workflowRunId: string | null;
  readonly index: number;
  readonly predecessorNodeId: string | null;
  /** Not the id, and not unique: attempts of one node may share it. */
  readonly nodeExecutionId: string | null;
  readonly nodeId: string;
  readonly nodeType: string;
  readonly title: string;
  /** A preview where the content was offloaded. */
  readonly inputs: string | null;
  readonly processData: string | null;
  readonly outputs: string | null;
  readonly status: string;
  readonly error: string | null;
  /** Seconds. */
  readonly elapsedTime: number;
  readonly executionMetadata: string | null;
  readonly createdByRole: string;
  readonly createdBy: string;
  readonly finishedAt: string | null;
  /** Since July 2026; null where the table lacks it. */
  readonly agentWorkspaceBindingId: string | null;
}

export const nodeExecutionKind: RecordKind<NodeExecution> = {
  logType: logTypes.node_executions,
  fields: {
    id: "id",
    tenantId: "id",
    appId: "id",
    workflowId: "id",
    triggeredFrom: "text",
    workflowRunId: "id",
    index: "integer",
    predecessorNodeId: "text",
    nodeExecutionId: "text",
    nodeId: "text",
    nodeType: "text",
    title: "text",
    inputs: "text",
    processData: "text",
    outputs: "text",
    status: "text",
    error: "text",
    elapsedTime: "double",
    executionMetadata: "text",
    createdAt: "timestamp",
    createdByRole: "text",
    createdBy: "id",
    finishedAt: "timestamp",
    agentWorkspaceBindingId: "id",
  },
};

/** Of what is not shown, as the run goes on behind it: Dify's lists leave it out. */
export const pausedStatus = "paused";
