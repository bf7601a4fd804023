import type { Position } from "../records/ordered-documents.ts";
import type { ApiWorkflowRunRepository, RunListQuery } from "./api-workflow-run-repository.ts";
import type { StatisticsQuery } from "./statistics/run-statistics.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/** How many runs one user had on a local day. */
export interface UserDay {
  readonly date: string;
  readonly user: string;
  readonly runs: number;
}

/** The parts of a page of runs. */
export interface RunLists {
  findListed(query: RunListQuery, runId: string): Promise<WorkflowRun | undefined>;
  /** The first `limit` runs of the list behind a place, newest first; the query's own limit and cursor do not count. */
  listRuns(query: RunListQuery, after: Position | undefined, limit: number): Promise<WorkflowRun[]>;
}

/** What a store, or a part of it, answers; answers of two parts that have no run in common can be put together. */
export interface RunReads
  extends
    RunLists,
    Pick<
      ApiWorkflowRunRepository,
      | "getWorkflowRunByIdAndTenantId"
      | "getWorkflowRunByIdWithoutTenant"
      | "getWorkflowRunsCount"
      | "getRunsBatchByTimeRange"
      | "getExpiredRunsBatch"
      | "getDailyRunsStatistics"
      | "getDailyTokenCostStatistics"
    > {
  /** In no promised order. */
  getUsersByDay(query: StatisticsQuery): Promise<UserDay[]>;
}
