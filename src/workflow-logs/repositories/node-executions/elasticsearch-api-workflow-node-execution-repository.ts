import { validateTenantId } from "../../../stores/elasticsearch/indices/index-names.ts";
import type { Connections } from "../../connections.ts";
import { cleanupOldIndices } from "../../retention/cleanup-old-indices.ts";
import type { RetentionReport } from "../../retention/report.ts";
import { ElasticsearchRecords, type Filter } from "../records/elasticsearch-records.ts";
import { parseInstant } from "../records/instants.ts";
import { orderedDocuments } from "../records/ordered-documents.ts";
import type { Partly } from "../records/part-of-logs.ts";
import { recordOfDocument } from "../records/read-record.ts";
import { columnOf } from "../records/record-kind.ts";
import { batchLimit } from "../workflow-runs/check-query.ts";
import type {
  ApiWorkflowNodeExecutionRepository,
  NodeCounts,
  NodeQuery,
  SnapshotQuery,
} from "./api-workflow-node-execution-repository.ts";
import { countNodes, deleteNodes } from "./elasticsearch-node-deletes.ts";
import { notPaused } from "./elasticsearch-workflow-node-execution-repository.ts";
import { type NodeExecution, nodeExecutionKind } from "./node-execution.ts";
import { type NodeSnapshot, snapshotKind, snapshotsOf, type SnapshotRow } from "./node-snapshot.ts";

/** Ids of one condition: Elasticsearch takes 65,536. */
const runsPerRequest = 10_000;

const snapshotColumns = Object.keys(snapshotKind.fields).map(columnOf);

export class ElasticsearchApiWorkflowNodeExecutionRepository implements ApiWorkflowNodeExecutionRepository {
  private readonly connections: Connections;
  private readonly records: ElasticsearchRecords<NodeExecution>;

  constructor(connections: Connections & Partly) {
    this.connections = connections;
    this.records = new ElasticsearchRecords(connections, nodeExecutionKind);
  }

  async getNodeLastExecution({ tenantId, appId, workflowId, nodeId }: NodeQuery): Promise<NodeExecution | undefined> {
    const query = await this.records.query(tenantId, [
      { term: { app_id: appId } },
      { term: { workflow_id: workflowId } },
      { term: { node_id: nodeId } },
      notPaused,
    ]);
    return (await this.records.list(query, { direction: "desc" }, 1))[0];
  }

  async getExecutionsByWorkflowRun(tenantId: string, appId: string, workflowRunId: string): Promise<NodeExecution[]> {
    const filters = [{ term: { app_id: appId } }, { term: { workflow_run_id: workflowRunId } }];
    const query = await this.records.query(tenantId, filters);
    return this.records.list(query, { direction: "asc" }, Number.POSITIVE_INFINITY);
  }

  async getExecutionSnapshotsByWorkflowRun(query: SnapshotQuery): Promise<NodeSnapshot[]> {
    const documents = await this.records.query(query.tenantId, [
      { term: { app_id: query.appId } },
      { term: { workflow_id: query.workflowId } },
      { term: { triggered_from: query.triggeredFrom } },
      { term: { workflow_run_id: query.workflowRunId } },
    ]);
    const rows: SnapshotRow[] = [];
    const order = { direction: "asc", pageSize: batchLimit(), source: snapshotColumns } as const;
    for await (const page of orderedDocuments(this.records.client, documents, order))
      rows.push(...page.map(({ source }) => recordOfDocument(snapshotKind, source)));
    return snapshotsOf(rows);
  }

  getExecutionById(id: string, tenantId?: string): Promise<NodeExecution | undefined> {
    return tenantId === undefined ? this.records.getOfAnyTenant(id) : this.records.get(tenantId, id);
  }

  async getExpiredExecutionsBatch(tenantId: string, before: string, batchSize?: number): Promise<NodeExecution[]> {
    const to = parseInstant(before);
    const limit = batchLimit(batchSize);
    await this.records.refresh(tenantId); // what the caller deleted of the batch before must not come again
    return this.records.list(await this.records.query(tenantId, []), { direction: "asc", to }, limit);
  }

  async deleteExpiredExecutions(tenantId: string, before: string, batchSize?: number): Promise<number> {
    const to = parseInstant(before);
    const deleted = await deleteNodes(this.records, validateTenantId(tenantId), [], {
      to,
      pageSize: batchLimit(batchSize),
    });
    return deleted.nodeExecutions;
  }

  async deleteExecutionsByIds(tenantId: string, ids: readonly string[]): Promise<number> {
    return this.records.delete(validateTenantId(tenantId), ids);
  }

  async deleteExecutionsByApp(tenantId: string, appId: string, batchSize?: number): Promise<number> {
    return this.records.deleteWhere(validateTenantId(tenantId), [{ term: { app_id: appId } }], batchLimit(batchSize));
  }

  /**
   * Sweeps the tenant's months of node executions that are past their retention: the guide's `cleanup_old_indices`.
   * Rules and holds go before the days given.
   */
  async cleanupOldIndices(tenantId: string, retentionDays: number): Promise<RetentionReport> {
    return cleanupOldIndices(this.connections, validateTenantId(tenantId), retentionDays, ["node_executions"]);
  }

  countByRuns(tenantId: string, workflowRunIds: readonly string[]): Promise<NodeCounts> {
    return ofRuns(workflowRunIds, (filters) => countNodes(this.records, tenantId, filters));
  }

  async deleteByRuns(tenantId: string, workflowRunIds: readonly string[]): Promise<NodeCounts> {
    validateTenantId(tenantId);
    return ofRuns(workflowRunIds, (filters) =>
      deleteNodes(this.records, tenantId, filters, { pageSize: batchLimit() }),
    );
  }
}

async function ofRuns(
  workflowRunIds: readonly string[],
  counts: (filters: readonly Filter[]) => Promise<NodeCounts>,
): Promise<NodeCounts> {
  const sum = { nodeExecutions: 0, offloads: 0 };
  const ids = [...new Set(workflowRunIds)];
  for (let at = 0; at < ids.length; at += runsPerRequest) {
    const some = await counts([{ terms: { workflow_run_id: ids.slice(at, at + runsPerRequest) } }]);
    sum.nodeExecutions += some.nodeExecutions;
    sum.offloads += some.offloads;
  }
  return sum;
}
