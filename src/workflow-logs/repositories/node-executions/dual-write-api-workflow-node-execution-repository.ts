import { DualReads } from "../dual-write/reads/dual-reads.ts";
import { tenantOf } from "../dual-write/reads/dual-reads-of-tenants.ts";
import type { DualWrite } from "../dual-write/dual-write.ts";
import { addedCounts, mergedList } from "../dual-write/reads/merge-answers.ts";
import { parseInstant } from "../records/instants.ts";
import { batchLimit } from "../workflow-runs/check-query.ts";
import type {
  ApiWorkflowNodeExecutionRepository,
  NodeCounts,
  NodeQuery,
  SnapshotQuery,
} from "./api-workflow-node-execution-repository.ts";
import { ElasticsearchApiWorkflowNodeExecutionRepository } from "./elasticsearch-api-workflow-node-execution-repository.ts";
import { type NodeExecution, nodeExecutionKind } from "./node-execution.ts";
import { type NodeSnapshot, orderSnapshots } from "./node-snapshot.ts";
import { PostgresApiWorkflowNodeExecutionRepository } from "./postgres-api-workflow-node-execution-repository.ts";

type Nodes = ApiWorkflowNodeExecutionRepository;

export class DualWriteApiWorkflowNodeExecutionRepository implements ApiWorkflowNodeExecutionRepository {
  private readonly dualWrite: DualWrite;
  private readonly reads: DualReads<Nodes, NodeExecution>;
  private readonly postgres: Nodes;

  constructor(dualWrite: DualWrite) {
    this.dualWrite = dualWrite;
    this.reads = new DualReads<Nodes, NodeExecution>(dualWrite, nodeExecutionKind, {
      postgres: (connections) => new PostgresApiWorkflowNodeExecutionRepository(connections),
      elasticsearch: (connections) => new ElasticsearchApiWorkflowNodeExecutionRepository(connections),
    });
    this.postgres = new PostgresApiWorkflowNodeExecutionRepository(dualWrite.connections);
  }

  getNodeLastExecution(query: NodeQuery): Promise<NodeExecution | undefined> {
    return this.reads.read(query.tenantId, {
      method: "getNodeLastExecution",
      ask: (nodes) => nodes.getNodeLastExecution(query),
      merge: (own, other) => mergedList<NodeExecution>("desc")(listOf(own), listOf(other))[0],
    });
  }

  getExecutionsByWorkflowRun(tenantId: string, appId: string, workflowRunId: string): Promise<NodeExecution[]> {
    return this.reads.read(tenantId, {
      method: "getExecutionsByWorkflowRun",
      ask: (nodes) => nodes.getExecutionsByWorkflowRun(tenantId, appId, workflowRunId),
      merge: mergedList("asc"),
    });
  }

  getExecutionSnapshotsByWorkflowRun(query: SnapshotQuery): Promise<NodeSnapshot[]> {
    return this.reads.read(query.tenantId, {
      method: "getExecutionSnapshotsByWorkflowRun",
      ask: (nodes) => nodes.getExecutionSnapshotsByWorkflowRun(query),
      merge: (own, other) => orderSnapshots([...own, ...other]),
    });
  }

  async getExecutionById(id: string, tenantId?: string): Promise<NodeExecution | undefined> {
    const owner = tenantId ?? (await tenantOf(this.reads, (nodes) => nodes.getExecutionById(id)));
    if (owner === undefined) return undefined;
    const ask = (nodes: Nodes): Promise<NodeExecution | undefined> => nodes.getExecutionById(id, owner);
    return this.reads.find(owner, id, { method: "getExecutionById", ask });
  }

  getExpiredExecutionsBatch(tenantId: string, before: string, batchSize?: number): Promise<NodeExecution[]> {
    return this.reads.read(tenantId, {
      method: "getExpiredExecutionsBatch",
      ask: (nodes) => nodes.getExpiredExecutionsBatch(tenantId, before, batchSize),
      merge: mergedList("asc", batchLimit(batchSize)),
    });
  }

  async deleteExpiredExecutions(tenantId: string, before: string, batchSize?: number): Promise<number> {
    batchLimit(batchSize);
    return this.dualWrite.delete(
      { dataType: "node_executions", tenantId, selection: { before: parseInstant(before) } },
      () => this.postgres.deleteExpiredExecutions(tenantId, before, batchSize),
      (deleted, { records }) => deleted + records,
    );
  }

  deleteExecutionsByIds(tenantId: string, ids: readonly string[]): Promise<number> {
    return this.dualWrite.delete(
      { dataType: "node_executions", tenantId, selection: { ids } },
      () => this.postgres.deleteExecutionsByIds(tenantId, ids),
      (deleted, { records }) => deleted + records,
    );
  }

  async deleteExecutionsByApp(tenantId: string, appId: string, batchSize?: number): Promise<number> {
    batchLimit(batchSize);
    return this.dualWrite.delete(
      { dataType: "node_executions", tenantId, selection: { appId } },
      () => this.postgres.deleteExecutionsByApp(tenantId, appId, batchSize),
      (deleted, { records }) => deleted + records,
    );
  }

  countByRuns(tenantId: string, workflowRunIds: readonly string[]): Promise<NodeCounts> {
    return this.reads.read(tenantId, {
      method: "countByRuns",
      ask: (nodes) => nodes.countByRuns(tenantId, workflowRunIds),
      merge: addedCounts,
    });
  }

  deleteByRuns(tenantId: string, workflowRunIds: readonly string[]): Promise<NodeCounts> {
    return this.dualWrite.delete(
      { dataType: "node_executions", tenantId, selection: { workflowRunIds } },
      () => this.postgres.deleteByRuns(tenantId, workflowRunIds),
      (deleted, { records, offloads }) => ({
        nodeExecutions: deleted.nodeExecutions + records,
        offloads: deleted.offloads + offloads,
      }),
    );
  }
}

function listOf(execution: NodeExecution | undefined): NodeExecution[] {
  return execution === undefined ? [] : [execution];
}
