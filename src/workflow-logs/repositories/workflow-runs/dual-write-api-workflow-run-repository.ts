import { DualReads } from "../dual-write/reads/dual-reads.ts";
import { readTenants, tenantOf } from "../dual-write/reads/dual-reads-of-tenants.ts";
import type { DualWrite } from "../dual-write/dual-write.ts";
import { addedCounts, addedDays, mergedList } from "../dual-write/reads/merge-answers.ts";
import type { Position } from "../records/ordered-documents.ts";
import type {
  ApiWorkflowRunRepository,
  RunBatchQuery,
  RunCountQuery,
  RunCounts,
  RunListQuery,
  RunPage,
} from "./api-workflow-run-repository.ts";
import { batchLimit } from "./check-query.ts";
import { ElasticsearchApiWorkflowRunRepository } from "./elasticsearch-api-workflow-run-repository.ts";
import { pageOfRuns } from "./page-of-runs.ts";
import { PostgresApiWorkflowRunRepository } from "./postgres-api-workflow-run-repository.ts";
import type { RunLists, RunReads, UserDay } from "./run-reads.ts";
import type { StatisticsQuery } from "./statistics/run-statistics.ts";
import { averagesOf, terminalsOf } from "./statistics/user-days.ts";
import { type WorkflowRun, workflowRunKind } from "./workflow-run.ts";

export class DualWriteApiWorkflowRunRepository implements ApiWorkflowRunRepository, RunLists {
  private readonly dualWrite: DualWrite;
  private readonly reads: DualReads<RunReads, WorkflowRun>;
  private readonly postgres: ApiWorkflowRunRepository;

  constructor(dualWrite: DualWrite) {
    this.dualWrite = dualWrite;
    this.reads = new DualReads<RunReads, WorkflowRun>(dualWrite, workflowRunKind, {
      postgres: (connections) => new PostgresApiWorkflowRunRepository(connections),
      elasticsearch: (connections) => new ElasticsearchApiWorkflowRunRepository(connections),
    });
    this.postgres = new PostgresApiWorkflowRunRepository(dualWrite.connections);
  }

  getPaginatedWorkflowRuns(query: RunListQuery): Promise<RunPage> {
    return pageOfRuns(this, query);
  }

  findListed(query: RunListQuery, runId: string): Promise<WorkflowRun | undefined> {
    const ask = (runs: RunReads): Promise<WorkflowRun | undefined> => runs.findListed(query, runId);
    return this.reads.find(query.tenantId, runId, { method: "getPaginatedWorkflowRuns", ask });
  }

  listRuns(query: RunListQuery, after: Position | undefined, limit: number): Promise<WorkflowRun[]> {
    return this.reads.read(query.tenantId, {
      method: "getPaginatedWorkflowRuns",
      ask: (runs) => runs.listRuns(query, after, limit),
      merge: mergedList("desc", limit),
    });
  }

  async getWorkflowRunById(tenantId: string, appId: string, runId: string): Promise<WorkflowRun | undefined> {
    const run = await this.getWorkflowRunByIdAndTenantId(tenantId, runId);
    return run?.appId === appId ? run : undefined;
  }

  getWorkflowRunByIdAndTenantId(tenantId: string, runId: string): Promise<WorkflowRun | undefined> {
    const ask = (runs: RunReads): Promise<WorkflowRun | undefined> =>
      runs.getWorkflowRunByIdAndTenantId(tenantId, runId);
    return this.reads.find(tenantId, runId, { method: "getWorkflowRunByIdAndTenantId", ask });
  }

  async getWorkflowRunByIdWithoutTenant(runId: string): Promise<WorkflowRun | undefined> {
    const tenantId = await tenantOf(this.reads, (runs) => runs.getWorkflowRunByIdWithoutTenant(runId));
    return tenantId === undefined ? undefined : this.getWorkflowRunByIdAndTenantId(tenantId, runId);
  }

  getWorkflowRunsCount(query: RunCountQuery): Promise<RunCounts> {
    return this.reads.read(query.tenantId, {
      method: "getWorkflowRunsCount",
      ask: (runs) => runs.getWorkflowRunsCount(query),
      merge: addedCounts,
    });
  }

  getRunsBatchByTimeRange(query: RunBatchQuery): Promise<WorkflowRun[]> {
    return readTenants(this.reads, query.tenantIds, {
      method: "getRunsBatchByTimeRange",
      ask: (runs, tenantIds) => runs.getRunsBatchByTimeRange({ ...query, tenantIds }),
      merge: mergedList("asc", query.batchSize),
    });
  }

  getExpiredRunsBatch(tenantId: string, beforeDate: string, batchSize?: number): Promise<WorkflowRun[]> {
    return this.reads.read(tenantId, {
      method: "getExpiredRunsBatch",
      ask: (runs) => runs.getExpiredRunsBatch(tenantId, beforeDate, batchSize),
      merge: mergedList("asc", batchLimit(batchSize)),
    });
  }

  deleteRunsByIds(tenantId: string, runIds: readonly string[]): Promise<number> {
    return this.dualWrite.delete(
      { dataType: "workflow_runs", tenantId, selection: { ids: runIds } },
      () => this.postgres.deleteRunsByIds(tenantId, runIds),
      (deleted, { records }) => deleted + records,
    );
  }

  async deleteRunsByApp(tenantId: string, appId: string, batchSize?: number): Promise<number> {
    batchLimit(batchSize);
    return this.dualWrite.delete(
      { dataType: "workflow_runs", tenantId, selection: { appId } },
      () => this.postgres.deleteRunsByApp(tenantId, appId, batchSize),
      (deleted, { records }) => deleted + records,
    );
  }

  getDailyRunsStatistics(query: StatisticsQuery): Promise<{ date: string; runs: number }[]> {
    return this.reads.read(query.tenantId, {
      method: "getDailyRunsStatistics",
      ask: (runs) => runs.getDailyRunsStatistics(query),
      merge: addedDays(({ date, runs }, other) => ({ date, runs: runs + other.runs })),
    });
  }

  async getDailyTerminalsStatistics(query: StatisticsQuery): Promise<{ date: string; terminalCount: number }[]> {
    return terminalsOf(await this.usersByDay("getDailyTerminalsStatistics", query));
  }

  getDailyTokenCostStatistics(query: StatisticsQuery): Promise<{ date: string; tokenCount: bigint }[]> {
    return this.reads.read(query.tenantId, {
      method: "getDailyTokenCostStatistics",
      ask: (runs) => runs.getDailyTokenCostStatistics(query),
      merge: addedDays(({ date, tokenCount }, other) => ({ date, tokenCount: tokenCount + other.tokenCount })),
    });
  }

  async getAverageAppInteractionStatistics(query: StatisticsQuery): Promise<{ date: string; interactions: number }[]> {
    return averagesOf(await this.usersByDay("getAverageAppInteractionStatistics", query));
  }

  /** By day and user, in that order: users of a day whose runs are in both stores are counted once. */
  private usersByDay(method: string, query: StatisticsQuery): Promise<UserDay[]> {
    return this.reads.read(query.tenantId, {
      method,
      ask: async (runs) => (await runs.getUsersByDay(query)).toSorted(byDateAndUser),
      merge: (own, other) => [...own, ...other],
    });
  }
}

function byDateAndUser(a: UserDay, b: UserDay): number {
  return `${a.date} ${a.user}` < `${b.date} ${b.user}` ? -1 : 1;
}
