import { validateTenantId } from "../../../stores/elasticsearch/indices/index-names.ts";
import type { Connections } from "../../connections.ts";
import { cleanupOldIndices } from "../../retention/cleanup-old-indices.ts";
import type { RetentionReport } from "../../retention/report.ts";
import { ElasticsearchRecords, type Filter } from "../records/elasticsearch-records.ts";
import { parseInstant } from "../records/instants.ts";
import { createdWithin, type Position, unindexedDocuments } from "../records/ordered-documents.ts";
import type { Partly } from "../records/part-of-logs.ts";
import {
  type ApiWorkflowRunRepository,
  countedStatuses,
  type RunBatchQuery,
  type RunCountQuery,
  type RunCounts,
  type RunListQuery,
  type RunPage,
} from "./api-workflow-run-repository.ts";
import { batchLimit, listOf, shardDigits, sinceInstant } from "./check-query.ts";
import {
  averageInteractions,
  dailyRuns,
  dailyTerminals,
  dailyTokens,
  usersByDay,
} from "./statistics/elasticsearch-run-statistics.ts";
import { pageOfRuns } from "./page-of-runs.ts";
import { runCounts } from "./run-counts.ts";
import type { RunReads, UserDay } from "./run-reads.ts";
import type { StatisticsQuery } from "./statistics/run-statistics.ts";
import { type WorkflowRun, workflowRunKind } from "./workflow-run.ts";

export class ElasticsearchApiWorkflowRunRepository implements ApiWorkflowRunRepository, RunReads {
  private readonly records: ElasticsearchRecords<WorkflowRun>;
  private readonly connections: Connections;

  constructor(connections: Connections & Partly) {
    this.connections = connections;
    this.records = new ElasticsearchRecords(connections, workflowRunKind);
  }

  getPaginatedWorkflowRuns(query: RunListQuery): Promise<RunPage> {
    return pageOfRuns(this, query);
  }

  async findListed(query: RunListQuery, runId: string): Promise<WorkflowRun | undefined> {
    const run = await this.records.get(query.tenantId, runId);
    return run !== undefined && isAmong(query, run) ? run : undefined;
  }

  async listRuns(query: RunListQuery, after: Position | undefined, limit: number): Promise<WorkflowRun[]> {
    const documents = await this.records.query(query.tenantId, runsOf(query));
    return this.records.list(documents, { direction: "desc", after }, limit);
  }

  async getWorkflowRunById(tenantId: string, appId: string, runId: string): Promise<WorkflowRun | undefined> {
    const run = await this.records.get(tenantId, runId);
    return run?.appId === appId ? run : undefined;
  }

  getWorkflowRunByIdAndTenantId(tenantId: string, runId: string): Promise<WorkflowRun | undefined> {
    return this.records.get(tenantId, runId);
  }

  getWorkflowRunByIdWithoutTenant(runId: string): Promise<WorkflowRun | undefined> {
    return this.records.getOfAnyTenant(runId);
  }

  async getWorkflowRunsCount(query: RunCountQuery): Promise<RunCounts> {
    const from = sinceInstant(query.timeRange);
    const all = await this.records.query(query.tenantId, runsOf(query));
    const unindexed =
      from === undefined
        ? []
        : await unindexedDocuments(this.records.client, all, { direction: "asc", from, source: ["status"] });
    const within = from === undefined ? [] : [{ exists: { field: "created_at" } }, ...createdWithin({ from })];
    const named = Object.fromEntries(countedStatuses.map((status) => [status, { term: { status } }]));
    const { total, aggregations } = await this.records.search(
      { indices: all.indices, filters: [...all.filters, ...within] },
      { size: 0, aggs: { statuses: { filters: { filters: named } } } },
    );
    const { buckets } = (aggregations["statuses"] ?? { buckets: {} }) as StatusCounts;
    return runCounts(total + unindexed.length, (status) => {
      const others = unindexed.filter(({ source }) => source["status"] === status);
      return (buckets[status]?.doc_count ?? 0) + others.length;
    });
  }

  async getRunsBatchByTimeRange(query: RunBatchQuery): Promise<WorkflowRun[]> {
    const bounds = {
      from: query.startFrom === undefined ? undefined : parseInstant(query.startFrom),
      to: parseInstant(query.endBefore),
    };
    const filters: Filter[] = [{ terms: { status: [...workflowRunKind.logType.endedStatuses!] } }];
    if (query.runTypes !== undefined) filters.push({ terms: { type: [...query.runTypes] } });
    if (query.workflowIds !== undefined) filters.push({ terms: { workflow_id: [...query.workflowIds] } });
    if (query.shard !== undefined) filters.push({ regexp: { id: `.*[${shardDigits(query.shard).join("")}]` } });
    const limit = batchLimit(query.batchSize);
    const { tenantIds, tenantPrefixes } = query;
    const indices = (await this.records.allIndices())
      .filter(({ tenantId }) => tenantIds?.includes(tenantId) ?? true)
      .filter(({ tenantId }) => tenantPrefixes?.some((prefix) => tenantId.startsWith(prefix)) ?? true);
    const tenants = [...new Set(indices.map(({ tenantId }) => tenantId))];
    const documents = {
      indices: indices.map(({ name }) => name),
      filters: [{ terms: { tenant_id: tenants } }, ...this.records.partFilters, ...filters],
    };
    return this.records.list(documents, { direction: "asc", after: query.lastSeen, ...bounds }, limit);
  }

  async getExpiredRunsBatch(tenantId: string, beforeDate: string, batchSize?: number): Promise<WorkflowRun[]> {
    const to = parseInstant(beforeDate);
    const limit = batchLimit(batchSize);
    await this.records.refresh(tenantId); // what the caller deleted of the batch before must not come again
    return this.records.list(await this.records.query(tenantId, []), { direction: "asc", to }, limit);
  }

  async deleteRunsByIds(tenantId: string, runIds: readonly string[]): Promise<number> {
    return this.records.delete(validateTenantId(tenantId), runIds);
  }

  async deleteRunsByApp(tenantId: string, appId: string, batchSize?: number): Promise<number> {
    return this.records.deleteWhere(validateTenantId(tenantId), [{ term: { app_id: appId } }], batchLimit(batchSize));
  }

  /**
   * Sweeps the tenant's months of runs that are past their retention: the guide's `cleanup_old_indices`. Rules and
   * holds go before the days given.
   */
  async cleanupOldIndices(tenantId: string, retentionDays: number): Promise<RetentionReport> {
    return cleanupOldIndices(this.connections, validateTenantId(tenantId), retentionDays, ["workflow_runs"]);
  }

  getDailyRunsStatistics(query: StatisticsQuery): Promise<{ date: string; runs: number }[]> {
    return dailyRuns(this.records, query);
  }

  getDailyTerminalsStatistics(query: StatisticsQuery): Promise<{ date: string; terminalCount: number }[]> {
    return dailyTerminals(this.records, query);
  }

  getUsersByDay(query: StatisticsQuery): Promise<UserDay[]> {
    return usersByDay(this.records, query);
  }

  getDailyTokenCostStatistics(query: StatisticsQuery): Promise<{ date: string; tokenCount: bigint }[]> {
    return dailyTokens(this.records, query);
  }

  getAverageAppInteractionStatistics(query: StatisticsQuery): Promise<{ date: string; interactions: number }[]> {
    return averageInteractions(this.records, query);
  }
}

interface StatusCounts {
  buckets: Record<string, { doc_count: number } | undefined>;
}

function runsOf({ appId, triggeredFrom, status }: RunListQuery | RunCountQuery): Filter[] {
  return [
    { term: { app_id: appId } },
    { terms: { triggered_from: [...listOf(triggeredFrom)] } },
    ...(status === undefined ? [] : [{ term: { status } }]),
  ];
}

function isAmong({ appId, triggeredFrom, status }: RunListQuery, run: WorkflowRun): boolean {
  return (
    run.appId === appId &&
    listOf(triggeredFrom).includes(run.triggeredFrom) &&
    (status === undefined || run.status === status)
  );
}
