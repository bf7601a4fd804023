import { sql } from "kysely";
import { validateTenantId } from "../../../stores/elasticsearch/indices/index-names.ts";
import type { Connections } from "../../connections.ts";
import { parseInstant } from "../records/instants.ts";
import { allOf, type Condition } from "../records/log-table.ts";
import type { Position } from "../records/ordered-documents.ts";
import type { Partly } from "../records/part-of-logs.ts";
import { PostgresRecords } from "../records/postgres-records.ts";
import type {
  ApiWorkflowRunRepository,
  RunBatchQuery,
  RunCountQuery,
  RunCounts,
  RunListQuery,
  RunPage,
} from "./api-workflow-run-repository.ts";
import { batchLimit, listOf, shardDigits, sinceInstant } from "./check-query.ts";
import {
  averageInteractions,
  dailyRuns,
  dailyTerminals,
  dailyTokens,
  usersByDay,
} from "./statistics/postgres-run-statistics.ts";
import { pageOfRuns } from "./page-of-runs.ts";
import { runCounts } from "./run-counts.ts";
import type { RunReads, UserDay } from "./run-reads.ts";
import type { StatisticsQuery } from "./statistics/run-statistics.ts";
import { type WorkflowRun, workflowRunKind } from "./workflow-run.ts";

export class PostgresApiWorkflowRunRepository implements ApiWorkflowRunRepository, RunReads {
  private readonly records: PostgresRecords<WorkflowRun>;

  constructor(connections: Pick<Connections, "postgres" | "state" | "settings"> & Partly) {
    this.records = new PostgresRecords(connections, workflowRunKind);
  }

  getPaginatedWorkflowRuns(query: RunListQuery): Promise<RunPage> {
    return pageOfRuns(this, query);
  }

  async findListed(query: RunListQuery, runId: string): Promise<WorkflowRun | undefined> {
    const table = await this.records.table();
    return this.records.find([...(await this.runsOf(query)), table.is("id", runId)]);
  }

  async listRuns(query: RunListQuery, after: Position | undefined, limit: number): Promise<WorkflowRun[]> {
    return this.records.list(await this.runsOf(query), { direction: "desc", after, limit });
  }

  async getWorkflowRunById(tenantId: string, appId: string, runId: string): Promise<WorkflowRun | undefined> {
    const table = await this.records.table();
    return this.records.find([table.is("tenantId", tenantId), table.is("appId", appId), table.is("id", runId)]);
  }

  async getWorkflowRunByIdAndTenantId(tenantId: string, runId: string): Promise<WorkflowRun | undefined> {
    const table = await this.records.table();
    return this.records.find([table.is("tenantId", tenantId), table.is("id", runId)]);
  }

  async getWorkflowRunByIdWithoutTenant(runId: string): Promise<WorkflowRun | undefined> {
    const table = await this.records.table();
    return this.records.find([table.is("id", runId)]);
  }

  async getWorkflowRunsCount(query: RunCountQuery): Promise<RunCounts> {
    const table = await this.records.table();
    const conditions = await this.runsOf(query);
    const since = sinceInstant(query.timeRange);
    if (since !== undefined) conditions.push(table.createdFrom(since));
    const { rows } = await sql<{
      status: string;
      runs: string;
    }>`select ${table.column("status")} as status, count(*) as runs
      from ${table.name} t where ${allOf(conditions)} group by 1`.execute(this.records.db);
    const byStatus = new Map(rows.map(({ status, runs }) => [status, Number(runs)]));
    const total = rows.reduce((sum, { runs }) => sum + Number(runs), 0);
    return runCounts(total, (status) => byStatus.get(status) ?? 0);
  }

  async getRunsBatchByTimeRange(query: RunBatchQuery): Promise<WorkflowRun[]> {
    const table = await this.records.table();
    const conditions = [
      table.isOneOf("status", [...workflowRunKind.logType.endedStatuses!]),
      table.createdBefore(parseInstant(query.endBefore)),
    ];
    if (query.startFrom !== undefined) conditions.push(table.createdFrom(parseInstant(query.startFrom)));
    if (query.runTypes !== undefined) conditions.push(table.isOneOf("type", query.runTypes));
    if (query.tenantIds !== undefined) conditions.push(table.isOneOf("tenantId", query.tenantIds));
    if (query.workflowIds !== undefined) conditions.push(table.isOneOf("workflowId", query.workflowIds));
    if (query.tenantPrefixes !== undefined) {
      const prefixes = [...query.tenantPrefixes];
      conditions.push(
        sql`exists (select from unnest(${prefixes}::text[]) p where starts_with(${table.column("tenantId")}::text, p))`,
      );
    }
    if (query.shard !== undefined) {
      conditions.push(sql`right(${table.column("id")}::text, 1) = any(${shardDigits(query.shard)}::text[])`);
    }
    const limit = batchLimit(query.batchSize);
    return this.records.list(conditions, { direction: "asc", after: query.lastSeen, limit });
  }

  async getExpiredRunsBatch(tenantId: string, beforeDate: string, batchSize?: number): Promise<WorkflowRun[]> {
    const table = await this.records.table();
    const conditions = [table.is("tenantId", tenantId), table.createdBefore(parseInstant(beforeDate))];
    return this.records.list(conditions, { direction: "asc", limit: batchLimit(batchSize) });
  }

  async deleteRunsByIds(tenantId: string, runIds: readonly string[]): Promise<number> {
    validateTenantId(tenantId);
    const table = await this.records.table();
    return this.records.delete([table.is("tenantId", tenantId), table.isOneOf("id", runIds)]);
  }

  async deleteRunsByApp(tenantId: string, appId: string, batchSize?: number): Promise<number> {
    validateTenantId(tenantId);
    const table = await this.records.table();
    return this.records.deleteInBatches(
      [table.is("tenantId", tenantId), table.is("appId", appId)],
      batchLimit(batchSize),
    );
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

  private async runsOf(query: RunListQuery | RunCountQuery): Promise<Condition[]> {
    const table = await this.records.table();
    return [
      table.is("tenantId", query.tenantId),
      table.is("appId", query.appId),
      table.isOneOf("triggeredFrom", listOf(query.triggeredFrom)),
      ...(query.status === undefined ? [] : [table.is("status", query.status)]),
    ];
  }
}
