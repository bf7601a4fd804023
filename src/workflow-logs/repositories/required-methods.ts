import type { ApiWorkflowNodeExecutionRepository } from "./node-executions/api-workflow-node-execution-repository.ts";
import type { WorkflowNodeExecutionRepository } from "./node-executions/workflow-node-execution-repository.ts";
import type { ApiWorkflowRunRepository } from "./workflow-runs/api-workflow-run-repository.ts";
import type { WorkflowExecutionRepository } from "./workflow-runs/workflow-execution-repository.ts";

/** What a class of the user's own has to have. */
export const requiredMethods = {
  workflowExecutions: ["save"] satisfies (keyof WorkflowExecutionRepository)[],
  workflowNodeExecutions: [
    "save",
    "saveExecutionData",
    "getByWorkflowRun",
  ] satisfies (keyof WorkflowNodeExecutionRepository)[],
  apiWorkflowNodeExecutions: [
    "getNodeLastExecution",
    "getExecutionsByWorkflowRun",
    "getExecutionSnapshotsByWorkflowRun",
    "getExecutionById",
    "getExpiredExecutionsBatch",
    "deleteExpiredExecutions",
    "deleteExecutionsByIds",
    "deleteExecutionsByApp",
    "countByRuns",
    "deleteByRuns",
  ] satisfies (keyof ApiWorkflowNodeExecutionRepository)[],
  apiWorkflowRuns: [
    "getPaginatedWorkflowRuns",
    "getWorkflowRunById",
    "getWorkflowRunByIdAndTenantId",
    "getWorkflowRunByIdWithoutTenant",
    "getWorkflowRunsCount",
    "getRunsBatchByTimeRange",
    "getExpiredRunsBatch",
    "deleteRunsByIds",
    "deleteRunsByApp",
    "getDailyRunsStatistics",
    "getDailyTerminalsStatistics",
    "getDailyTokenCostStatistics",
    "getAverageAppInteractionStatistics",
  ] satisfies (keyof ApiWorkflowRunRepository)[],
} as const;
