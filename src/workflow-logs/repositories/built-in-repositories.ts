import type { Connections } from "../connections.ts";
import type { AppLogRepository } from "./app-logs/app-log-repository.ts";
import { DualWriteAppLogRepository } from "./app-logs/dual-write-app-log-repository.ts";
import { ElasticsearchAppLogRepository } from "./app-logs/elasticsearch-app-log-repository.ts";
import { PostgresAppLogRepository } from "./app-logs/postgres-app-log-repository.ts";
import type { ApiWorkflowNodeExecutionRepository } from "./node-executions/api-workflow-node-execution-repository.ts";
import { DualWriteApiWorkflowNodeExecutionRepository } from "./node-executions/dual-write-api-workflow-node-execution-repository.ts";
import { DualWriteWorkflowNodeExecutionRepository } from "./node-executions/dual-write-workflow-node-execution-repository.ts";
import { ElasticsearchApiWorkflowNodeExecutionRepository } from "./node-executions/elasticsearch-api-workflow-node-execution-repository.ts";
import { ElasticsearchWorkflowNodeExecutionRepository } from "./node-executions/elasticsearch-workflow-node-execution-repository.ts";
import { PostgresApiWorkflowNodeExecutionRepository } from "./node-executions/postgres-api-workflow-node-execution-repository.ts";
import { PostgresWorkflowNodeExecutionRepository } from "./node-executions/postgres-workflow-node-execution-repository.ts";
import type { WorkflowNodeExecutionRepository } from "./node-executions/workflow-node-execution-repository.ts";
import type { ApiWorkflowRunRepository } from "./workflow-runs/api-workflow-run-repository.ts";
import { DualWriteApiWorkflowRunRepository } from "./workflow-runs/dual-write-api-workflow-run-repository.ts";
import { DualWriteWorkflowExecutionRepository } from "./workflow-runs/dual-write-workflow-execution-repository.ts";
import { ElasticsearchApiWorkflowRunRepository } from "./workflow-runs/elasticsearch-api-workflow-run-repository.ts";
import { ElasticsearchWorkflowExecutionRepository } from "./workflow-runs/elasticsearch-workflow-execution-repository.ts";
import { PostgresApiWorkflowRunRepository } from "./workflow-runs/postgres-api-workflow-run-repository.ts";
import { PostgresWorkflowExecutionRepository } from "./workflow-runs/postgres-workflow-execution-repository.ts";
import type { WorkflowExecutionRepository } from "./workflow-runs/workflow-execution-repository.ts";
import type { DualWrite } from "./dual-write/dual-write.ts";

/** The classes that the names of the configuration stand for. */
export interface BuiltIn<T> {
  readonly postgres: new (connections: Connections) => T;
  readonly elasticsearch: new (connections: Connections) => T;
  readonly "dual-write": new (dualWrite: DualWrite) => T;
}

export interface BuiltInRepositories {
  readonly workflowExecutions: BuiltIn<WorkflowExecutionRepository>;
  readonly workflowNodeExecutions: BuiltIn<WorkflowNodeExecutionRepository>;
  readonly apiWorkflowNodeExecutions: BuiltIn<ApiWorkflowNodeExecutionRepository>;
  readonly apiWorkflowRuns: BuiltIn<ApiWorkflowRunRepository>;
  readonly appLogs: BuiltIn<AppLogRepository>;
}

export const builtInRepositories: BuiltInRepositories = {
  workflowExecutions: {
    postgres: PostgresWorkflowExecutionRepository,
    elasticsearch: ElasticsearchWorkflowExecutionRepository,
    "dual-write": DualWriteWorkflowExecutionRepository,
  },
  workflowNodeExecutions: {
    postgres: PostgresWorkflowNodeExecutionRepository,
    elasticsearch: ElasticsearchWorkflowNodeExecutionRepository,
    "dual-write": DualWriteWorkflowNodeExecutionRepository,
  },
  apiWorkflowNodeExecutions: {
    postgres: PostgresApiWorkflowNodeExecutionRepository,
    elasticsearch: ElasticsearchApiWorkflowNodeExecutionRepository,
    "dual-write": DualWriteApiWorkflowNodeExecutionRepository,
  },
  apiWorkflowRuns: {
    postgres: PostgresApiWorkflowRunRepository,
    elasticsearch: ElasticsearchApiWorkflowRunRepository,
    "dual-write": DualWriteApiWorkflowRunRepository,
  },
  appLogs: {
    postgres: PostgresAppLogRepository,
    elasticsearch: ElasticsearchAppLogRepository,
    "dual-write": DualWriteAppLogRepository,
  },
};
