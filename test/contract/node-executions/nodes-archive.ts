import type { Connections } from "../../../src/workflow-logs/connections.ts";
import type { ApiWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/api-workflow-node-execution-repository.ts";
import { DualWriteApiWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/dual-write-api-workflow-node-execution-repository.ts";
import { DualWriteWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/dual-write-workflow-node-execution-repository.ts";
import { ElasticsearchApiWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/elasticsearch-api-workflow-node-execution-repository.ts";
import { ElasticsearchWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/elasticsearch-workflow-node-execution-repository.ts";
import type { NodeExecution } from "../../../src/workflow-logs/repositories/node-executions/node-execution.ts";
import { PostgresApiWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/postgres-api-workflow-node-execution-repository.ts";
import { PostgresWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/postgres-workflow-node-execution-repository.ts";
import type { WorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/workflow-node-execution-repository.ts";
import { afterSecondWrites, type RunsArchive, type Store, testId } from "../workflow-runs/runs-archive.ts";

export interface NodeRepositories {
  executions: WorkflowNodeExecutionRepository;
  api: ApiWorkflowNodeExecutionRepository;
}

export function nodeRepositories(connections: Connections): Record<Store, NodeRepositories> {
  return {
    postgres: {
      executions: new PostgresWorkflowNodeExecutionRepository(connections),
      api: new PostgresApiWorkflowNodeExecutionRepository(connections),
    },
    elasticsearch: {
      executions: new ElasticsearchWorkflowNodeExecutionRepository(connections),
      api: new ElasticsearchApiWorkflowNodeExecutionRepository(connections),
    },
  };
}

export function dualNodeRepositories({ dualWrite }: Pick<RunsArchive, "dualWrite">): NodeRepositories {
  const executions = new DualWriteWorkflowNodeExecutionRepository(dualWrite);
  const api = new DualWriteApiWorkflowNodeExecutionRepository(dualWrite);
  return {
    executions: afterSecondWrites<WorkflowNodeExecutionRepository>(dualWrite, executions, /^save/),
    api: afterSecondWrites<ApiWorkflowNodeExecutionRepository>(dualWrite, api, /ById$/),
  };
}

export const tenantId = testId("tenant of nodes");
export const otherTenant = testId("other tenant of nodes");
export const appId = testId("app of nodes");
/** A run of 12,000 nodes across the border of two months, five of one instant each. */
export const longRun = testId("long run");
export const longRunNodes = 12_000;
/** A run with one node of each kind that some reads leave out. */
export const mixedRun = testId("mixed run");

/** What a node of a test says where it says nothing else. */
const usual = {
  tenant_id: `'${tenantId}'`,
  app_id: `'${appId}'`,
  workflow_id: `'${appId}'`,
  triggered_from: "'workflow-run'",
  workflow_run_id: `'${mixedRun}'`,
  index: "n",
  node_id: "'node'",
  node_type: "'llm'",
  title: "'Node ' || n",
  inputs: `'{"n": 1.0}'`,
  outputs: `'{"text": "x"}'`,
  status: "'succeeded'",
  elapsed_time: "n / 3.0",
  execution_metadata: "null",
  created_by_role: "'account'",
  created_by: `'${appId}'`,
  created_at: "timestamp '2025-09-10 10:00:00' + n * interval '1 second'",
  finished_at: "timestamp '2025-09-10 11:00:00'",
};

/** Nodes in one statement; each value is an SQL expression of the node's number `n`, from 1. */
export async function insertNodes(
  { sql }: Pick<RunsArchive, "sql">,
  count: number,
  values: Partial<Record<keyof typeof usual | "id", string>>,
): Promise<string[]> {
  const columns = Object.entries({ id: "gen_random_uuid()", ...usual, ...values });
  const { rows } = await sql.query<{ id: string }>(
    `INSERT INTO workflow_node_executions (${columns.map(([name]) => name).join(", ")})
     SELECT ${columns.map(([, value]) => value).join(", ")} FROM generate_series(1, ${count}) n RETURNING id::text AS id`,
  );
  return rows.map(({ id }) => id);
}

export function newNode(name: string, given: Partial<NodeExecution> = {}): NodeExecution {
  return {
    id: testId(name),
    tenantId,
    appId,
    workflowId: appId,
    triggeredFrom: "workflow-run",
    workflowRunId: testId(`run of ${name}`),
    index: 1,
    predecessorNodeId: null,
    nodeExecutionId: "not a uuid",
    nodeId: "node",
    nodeType: "code",
    title: "",
    inputs: null,
    processData: "{}",
    outputs: '{"a": 1.0, "a": NaN}',
    status: "running",
    error: null,
    elapsedTime: -0,
    executionMetadata: '{"total_price": "0.0012"}',
    createdByRole: "end-user",
    createdBy: testId("creator"),
    createdAt: "2025-10-31T23:59:59.999999Z",
    finishedAt: null,
    agentWorkspaceBindingId: null,
    ...given,
  };
}

export function idsOf(records: readonly { id: string }[]): string[] {
  return records.map(({ id }) => id);
}
