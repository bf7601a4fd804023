import { sql } from "kysely";
import { validateTenantId } from "../../../stores/elasticsearch/indices/index-names.ts";
import type { Connections } from "../../connections.ts";
import { parseInstant } from "../records/instants.ts";
import type { Condition } from "../records/log-table.ts";
import type { Partly } from "../records/part-of-logs.ts";
import { PostgresRecords } from "../records/postgres-records.ts";
import { batchLimit } from "../workflow-runs/check-query.ts";
import type {
  ApiWorkflowNodeExecutionRepository,
  NodeCounts,
  NodeQuery,
  SnapshotQuery,
} from "./api-workflow-node-execution-repository.ts";
import { type NodeExecution, nodeExecutionKind, pausedStatus } from "./node-execution.ts";
import { type NodeSnapshot, snapshotKind, snapshotsOf, type SnapshotRow } from "./node-snapshot.ts";
import { PostgresNodeDeletes } from "./postgres-node-deletes.ts";

export class PostgresApiWorkflowNodeExecutionRepository implements ApiWorkflowNodeExecutionRepository {
  private readonly records: PostgresRecords<NodeExecution>;
  private readonly snapshots: PostgresRecords<SnapshotRow>;
  private readonly deletes: PostgresNodeDeletes;

  constructor(connections: Pick<Connections, "postgres" | "state" | "settings"> & Partly) {
    this.records = new PostgresRecords(connections, nodeExecutionKind);
    this.snapshots = new PostgresRecords(connections, snapshotKind);
    this.deletes = new PostgresNodeDeletes(connections.postgres, this.records);
  }

  async getNodeLastExecution({ tenantId, appId, workflowId, nodeId }: NodeQuery): Promise<NodeExecution | undefined> {
    const table = await this.records.table();
    const conditions = [
      table.is("tenantId", tenantId),
      table.is("appId", appId),
      table.is("workflowId", workflowId),
      table.is("nodeId", nodeId),
      sql`t.status::text <> ${pausedStatus}`,
    ];
    return (await this.records.list(conditions, { direction: "desc", limit: 1 }))[0];
  }

  async getExecutionsByWorkflowRun(tenantId: string, appId: string, workflowRunId: string): Promise<NodeExecution[]> {
    const table = await this.records.table();
    const conditions = [
      table.is("tenantId", tenantId),
      table.is("appId", appId),
      table.is("workflowRunId", workflowRunId),
    ];
    return this.records.list(conditions, { direction: "asc" });
  }

  async getExecutionSnapshotsByWorkflowRun(query: SnapshotQuery): Promise<NodeSnapshot[]> {
    const table = await this.snapshots.table();
    const conditions = [
      table.is("tenantId", query.tenantId),
      table.is("appId", query.appId),
      table.is("workflowId", query.workflowId),
      table.is("triggeredFrom", query.triggeredFrom),
      table.is("workflowRunId", query.workflowRunId),
    ];
    return snapshotsOf(await this.snapshots.list(conditions, { direction: "asc" }));
  }

  async getExecutionById(id: string, tenantId?: string): Promise<NodeExecution | undefined> {
    const table = await this.records.table();
    const conditions = [table.is("id", id), ...(tenantId === undefined ? [] : [table.is("tenantId", tenantId)])];
    return this.records.find(conditions);
  }

  async getExpiredExecutionsBatch(tenantId: string, before: string, batchSize?: number): Promise<NodeExecution[]> {
    const limit = batchLimit(batchSize);
    return this.records.list(await this.expired(tenantId, before), { direction: "asc", limit });
  }

  async deleteExpiredExecutions(tenantId: string, before: string, batchSize?: number): Promise<number> {
    const conditions = await this.expired(validateTenantId(tenantId), before);
    return (await this.deletes.delete(conditions, batchLimit(batchSize))).nodeExecutions;
  }

  async deleteExecutionsByIds(tenantId: string, ids: readonly string[]): Promise<number> {
    const table = await this.records.table();
    const conditions = [table.is("tenantId", validateTenantId(tenantId)), table.isOneOf("id", ids)];
    return (await this.deletes.delete(conditions, batchLimit())).nodeExecutions;
  }

  async deleteExecutionsByApp(tenantId: string, appId: string, batchSize?: number): Promise<number> {
    const table = await this.records.table();
    const conditions = [table.is("tenantId", validateTenantId(tenantId)), table.is("appId", appId)];
    return (await this.deletes.delete(conditions, batchLimit(batchSize))).nodeExecutions;
  }

  async countByRuns(tenantId: string, workflowRunIds: readonly string[]): Promise<NodeCounts> {
    return this.deletes.count(await this.ofRuns(tenantId, workflowRunIds));
  }

  async deleteByRuns(tenantId: string, workflowRunIds: readonly string[]): Promise<NodeCounts> {
    return this.deletes.delete(await this.ofRuns(validateTenantId(tenantId), workflowRunIds), batchLimit());
  }

  private async expired(tenantId: string, before: string): Promise<Condition[]> {
    const table = await this.records.table();
    return [table.is("tenantId", tenantId), table.createdBefore(parseInstant(before))];
  }

  private async ofRuns(tenantId: string, workflowRunIds: readonly string[]): Promise<Condition[]> {
    const table = await this.records.table();
    return [table.is("tenantId", tenantId), table.isOneOf("workflowRunId", workflowRunIds)];
  }
}
