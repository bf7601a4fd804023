import type { NodeExecution } from "./node-execution.ts";
import type { NodeSnapshot } from "./node-snapshot.ts";

/**
 * The node executions as a platform's pages and clean-ups read them: Dify's DifyAPIWorkflowNodeExecutionRepository. A
 * tenant id that cannot be one has none; deletes refuse it with a UsageError. Deletes take the offload rows of an
 * execution with it, never the files behind them.
 */
export interface ApiWorkflowNodeExecutionRepository {
  /** The latest execution of the node that is not paused; of several of one instant the one with the greatest id. */
  getNodeLastExecution(query: NodeQuery): Promise<NodeExecution | undefined>;

  /** All of the run by (created_at, id). */
  getExecutionsByWorkflowRun(tenantId: string, appId: string, workflowRunId: string): Promise<NodeExecution[]>;

  /** All of the run by (created_at, index, id), without the large columns. */
  getExecutionSnapshotsByWorkflowRun(query: SnapshotQuery): Promise<NodeSnapshot[]>;

  /** Without a tenant of any: for a caller that checks itself whose it is. */
  getExecutionById(id: string, tenantId?: string): Promise<NodeExecution | undefined>;

  /** The oldest created before `before` (ISO text with a zone), whatever their status. */
  getExpiredExecutionsBatch(tenantId: string, before: string, batchSize?: number): Promise<NodeExecution[]>;

  /** Afterwards the tenant has none that was created before `before`; how many it had. */
  deleteExpiredExecutions(tenantId: string, before: string, batchSize?: number): Promise<number>;

  /** Afterwards the tenant has none of these; how many it had. Ids of other tenants are left alone. */
  deleteExecutionsByIds(tenantId: string, ids: readonly string[]): Promise<number>;

  /** Afterwards the tenant's app has none; how many it had. */
  deleteExecutionsByApp(tenantId: string, appId: string, batchSize?: number): Promise<number>;

  /** How many the tenant's runs have, and how many offload rows these have. */
  countByRuns(tenantId: string, workflowRunIds: readonly string[]): Promise<NodeCounts>;

  /** Afterwards the tenant's runs have none; how many there were. */
  deleteByRuns(tenantId: string, workflowRunIds: readonly string[]): Promise<NodeCounts>;
}

export interface NodeQuery {
  readonly tenantId: string;
  readonly appId: string;
  readonly workflowId: string;
  readonly nodeId: string;
}

export interface SnapshotQuery {
  readonly tenantId: string;
  readonly appId: string;
  readonly workflowId: string;
  readonly triggeredFrom: string;
  readonly workflowRunId: string;
}

export interface NodeCounts {
  readonly nodeExecutions: number;
  readonly offloads: number;
}
