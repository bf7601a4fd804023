import { logTypes } from "../../partitions/log-types.ts";
import type { LogRecord, RecordKind } from "../records/record-kind.ts";
import type { WorkflowRun } from "../workflow-runs/workflow-run.ts";

/** A row of workflow_app_logs. Timestamps are ISO text in UTC with microseconds. */
export interface AppLog extends LogRecord {
  readonly appId: string;
  readonly workflowId: string;
  readonly workflowRunId: string;
  readonly createdFrom: string;
  readonly createdByRole: string;
  readonly createdBy: string;
}

export const appLogKind: RecordKind<AppLog> = {
  logType: logTypes.app_logs,
  fields: {
    id: "id",
    tenantId: "id",
    appId: "id",
    workflowId: "id",
    workflowRunId: "id",
    createdFrom: "text",
    createdByRole: "text",
    createdBy: "id",
    createdAt: "timestamp",
  },
};

/** What lists show of the run. */
export const shownOfRun = [
  "id",
  "version",
  "status",
  "triggeredFrom",
  "error",
  "elapsedTime",
  "totalTokens",
  "totalSteps",
  "createdAt",
  "finishedAt",
  "exceptionsCount",
] as const satisfies readonly (keyof WorkflowRun)[];

export type RunSummary = Pick<WorkflowRun, (typeof shownOfRun)[number]>;

/** What an app log is shown with. */
export interface RelatedToLog {
  /** Null where the run is gone, or is another tenant's. */
  readonly workflowRun: RunSummary | null;
  /** JSON as the platform wrote it; null where nothing but a person or an API call started the run. */
  readonly triggerMetadata: string | null;
  readonly endUser: { readonly id: string; readonly sessionId: string } | null;
  readonly account: { readonly id: string; readonly email: string } | null;
}

/** An app log as lists show it. */
export interface AppLogEntry extends AppLog, RelatedToLog {}

export function runSummary(run: WorkflowRun): RunSummary {
  return Object.fromEntries(shownOfRun.map((field) => [field, run[field]])) as unknown as RunSummary;
}
