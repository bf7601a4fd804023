import type { Position } from "../records/ordered-documents.ts";
import type { RunStatistics } from "./statistics/run-statistics.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/**
 * The runs as a platform's pages and clean-ups read them: Dify's APIWorkflowRunRepository. Every method but the two
 * that say so speaks of one tenant. A tenant id that cannot be one has no runs; deletes refuse it with a UsageError.
 * Times are ISO text with a zone; a malformed one is a UsageError.
 */
export interface ApiWorkflowRunRepository extends RunStatistics {
  /**
   * Newest first, runs of one instant by descending id. Throws UsageError `unknown_last_id` when the cursor is not
   * among the runs asked for.
   */
  getPaginatedWorkflowRuns(query: RunListQuery): Promise<RunPage>;

  getWorkflowRunById(tenantId: string, appId: string, runId: string): Promise<WorkflowRun | undefined>;

  getWorkflowRunByIdAndTenantId(tenantId: string, runId: string): Promise<WorkflowRun | undefined>;

  /** Of any tenant: for a caller that checks itself whose run it is. */
  getWorkflowRunByIdWithoutTenant(runId: string): Promise<WorkflowRun | undefined>;

  /** All statuses count in the total; with `status` only that one, the others are 0. */
  getWorkflowRunsCount(query: RunCountQuery): Promise<RunCounts>;

  /**
   * Ended runs in the order (created_at, id), behind `lastSeen`. Of all tenants, unless the query names some. An empty
   * list of anything matches nothing.
   */
  getRunsBatchByTimeRange(query: RunBatchQuery): Promise<WorkflowRun[]>;

  /** The oldest runs created before `beforeDate`, whatever their status. */
  getExpiredRunsBatch(tenantId: string, beforeDate: string, batchSize?: number): Promise<WorkflowRun[]>;

  /** Afterwards the tenant has none of these runs; how many it had. Ids of other tenants are left alone. */
  deleteRunsByIds(tenantId: string, runIds: readonly string[]): Promise<number>;

  /** Afterwards the tenant's app has no runs; how many it had. */
  deleteRunsByApp(tenantId: string, appId: string, batchSize?: number): Promise<number>;
}

export interface RunListQuery {
  readonly tenantId: string;
  readonly appId: string;
  readonly triggeredFrom: string | readonly string[];
  /** 1 to 1000; 20 when left out. */
  readonly limit?: number | undefined;
  /** The last run of the page before. */
  readonly lastId?: string | undefined;
  readonly status?: string | undefined;
}

export interface RunPage {
  readonly data: readonly WorkflowRun[];
  readonly limit: number;
  readonly hasMore: boolean;
}

export interface RunCountQuery {
  readonly tenantId: string;
  readonly appId: string;
  readonly triggeredFrom: string | readonly string[];
  readonly status?: string | undefined;
  /** How far back, `7d`, `4h`, `30m` or `30s`; anything else is ignored. */
  readonly timeRange?: string | undefined;
}

/** The statuses that are counted by name. */
export const countedStatuses = ["running", "succeeded", "failed", "stopped", "partial-succeeded"] as const;

export type RunCounts = Readonly<Record<"total" | (typeof countedStatuses)[number], number>>;

export interface RunBatchQuery {
  /** Inclusive. */
  readonly startFrom?: string | undefined;
  /** Exclusive. */
  readonly endBefore: string;
  readonly lastSeen?: Position | undefined;
  readonly batchSize: number;
  readonly runTypes?: readonly string[] | undefined;
  readonly tenantIds?: readonly string[] | undefined;
  /** Beginnings of tenant ids. */
  readonly tenantPrefixes?: readonly string[] | undefined;
  readonly workflowIds?: readonly string[] | undefined;
  /** Only runs whose id's last hexadecimal digit, modulo `total` (1 to 16), is `index`. */
  readonly shard?: { readonly index: number; readonly total: number } | undefined;
}
