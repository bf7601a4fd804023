import { logTypes } from "../../partitions/log-types.ts";
import type { LogRecord, RecordKind } from "../records/record-kind.ts";

/** A row of workflow_runs. JSON columns are their exact text, timestamps ISO text in UTC with microseconds. */
export interface WorkflowRun extends LogRecord {
  readonly appId: string;
  readonly workflowId: string;
  readonly type: string;
  readonly triggeredFrom: string;
  readonly version: string;
  readonly graph: string | null;
  readonly inputs: string | null;
  readonly status: string;
  readonly outputs: string | null;
  readonly error: string | null;
  /** Seconds. */
  readonly elapsedTime: number;
  readonly totalTokens: bigint;
  readonly totalSteps: number | null;
  readonly createdByRole: string;
  readonly createdBy: string;
  readonly finishedAt: string | null;
  readonly exceptionsCount: number | null;
}

export const workflowRunKind: RecordKind<WorkflowRun> = {
  logType: logTypes.workflow_runs,
  fields: {
    id: "id",
    tenantId: "id",
    appId: "id",
    workflowId: "id",
    type: "text",
    triggeredFrom: "text",
    version: "text",
    graph: "text",
    inputs: "text",
    status: "text",
    outputs: "text",
    error: "text",
    elapsedTime: "double",
    totalTokens: "bigint",
    totalSteps: "integer",
    createdByRole: "text",
    createdBy: "id",
    createdAt: "timestamp",
    finishedAt: "timestamp",
    exceptionsCount: "integer",
  },
};
