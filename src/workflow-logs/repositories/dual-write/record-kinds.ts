import type { DataType } from "../../partitions/log-types.ts";
import type { LogRecord, RecordKind } from "../records/record-kind.ts";
import { appLogKind } from "../app-logs/app-log.ts";
import { nodeExecutionKind } from "../node-executions/node-execution.ts";
import { workflowRunKind } from "../workflow-runs/workflow-run.ts";

/** Of each data type, for what needs no more of a log than every log has. */
export const recordKinds = {
  workflow_runs: workflowRunKind,
  app_logs: appLogKind,
  node_executions: nodeExecutionKind,
} as unknown as Readonly<Record<DataType, RecordKind<LogRecord>>>;
