import type { CacheKind } from "./entries/cache-kinds.ts";
import type { MigrateProgress } from "./migrate-progress.ts";
import type { StoreType } from "./store-settings.ts";

export interface ReportedStore {
  readonly type: StoreType;
  readonly workspace: string;
}

export interface MigrateReport {
  readonly command: "llm-cache migrate" | "llm-cache retry";
  readonly runId: string | null;
  readonly status: "completed" | "completed_with_errors" | "interrupted" | "failed" | "dry_run";
  readonly dryRun: boolean;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly seconds: number;
  readonly source: ReportedStore;
  readonly target: ReportedStore;
  readonly totals: {
    readonly source: number;
    readonly batches: number;
    readonly successfulBatches: number;
    readonly failedBatches: number;
    readonly migrated: number;
    readonly failed: number;
    /** Only of a retry: failed before, and no longer in the source. */
    readonly gone: number;
  };
  readonly errors: MigrateProgress["errors"];
  /** Percent of the source's records, to two decimals. */
  readonly successRate: number;
}

export interface BatchProgress {
  /** From 1. */
  readonly number: number;
  readonly batches: number;
  readonly done: number;
  readonly total: number;
  /** Of its last entry. */
  readonly kind: CacheKind | undefined;
  /** Why entries of it were lost; undefined when none was. */
  readonly failure: { readonly type: string; readonly message: string } | undefined;
}

/** 100 only when nothing is missing. */
function successRate(migrated: number, total: number): number {
  if (migrated >= total) return 100;
  return Math.min(99.99, Math.round((10_000 * migrated) / total) / 100);
}

/** Puts the report together from the progress as it stands. */
export class Reporter {
  runId: string | null = null;
  private readonly command: MigrateReport["command"];
  private readonly route: { readonly source: ReportedStore; readonly target: ReportedStore };
  private readonly total: number;
  private readonly progress: () => MigrateProgress;
  private readonly startedAt = new Date();

  constructor(
    command: MigrateReport["command"],
    { source, target }: { readonly source: ReportedStore; readonly target: ReportedStore },
    total: number,
    progress: () => MigrateProgress,
  ) {
    this.command = command;
    this.route = { source: storeOf(source), target: storeOf(target) };
    this.total = total;
    this.progress = progress;
  }

  now(status: MigrateReport["status"], batchSize: number): MigrateReport {
    const { read, migrated, failed, successfulBatches, failedBatches, errors, gone = 0 } = this.progress();
    const finishedAt = new Date();
    const rest = status === "completed" || status === "completed_with_errors" ? 0 : Math.max(0, this.total - read);
    const batches = successfulBatches + failedBatches + Math.ceil(rest / batchSize);
    return {
      command: this.command,
      runId: this.runId,
      status,
      dryRun: status === "dry_run",
      startedAt: this.startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      seconds: (finishedAt.getTime() - this.startedAt.getTime()) / 1000,
      ...this.route,
      totals: { source: this.total, batches, successfulBatches, failedBatches, migrated, failed, gone },
      errors,
      successRate: successRate(migrated, this.total),
    };
  }

  /** The batch that has just ended. */
  batch(kind: CacheKind | undefined, batchSize: number, failure: BatchProgress["failure"]): BatchProgress {
    const { read, successfulBatches, failedBatches } = this.progress();
    const number = successfulBatches + failedBatches;
    const batches = number + Math.ceil(Math.max(0, this.total - read) / batchSize);
    return { number, batches, done: read, total: this.total, kind, failure };
  }
}

function storeOf({ type, workspace }: ReportedStore): ReportedStore {
  return { type, workspace };
}
