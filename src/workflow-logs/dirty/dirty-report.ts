import type { ReportedErrors } from "../copying/reported-errors.ts";

/** Why entries were forgotten and nothing was written. */
export type DropReason =
  /** The index of their partition was dropped by retention. */
  | "expired"
  /** The archive has no logs of their tenant. */
  | "other_tenant"
  /** cleanup-pg deleted the row, and its document is kept. */
  | "purged"
  /** The row is gone and nothing says that it was deleted: its delete was not recorded. */
  | "vanished";

export interface DirtyTotals {
  /** Entries of the registry that are dealt with. */
  entries: number;
  /** Documents written. */
  applied: number;
  /** Documents that left a month or tenant that their row has left. */
  moved: number;
  /** Documents deleted because their row was. */
  deleted: number;
  /** Documents kept though their row was deleted. */
  kept: number;
  /** Records for which nothing was to be done, by the reason. */
  readonly dropped: Partial<Record<DropReason, number>>;
  /** Rows that became record errors. */
  failed: number;
}

export interface DirtyReport {
  readonly totals: DirtyTotals;
  /** Records that have to wait, and for what. */
  readonly waiting: readonly { readonly records: number; readonly reason: string }[];
  readonly remaining: { readonly rows: number; readonly oldestSeconds: number | null };
  readonly errors: ReportedErrors;
}

export interface ApplyDirtyReport extends DirtyReport {
  readonly command: "elasticsearch apply-dirty";
  readonly runId: string | null;
  readonly status: "completed" | "completed_with_errors" | "interrupted" | "failed";
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly seconds: number;
  readonly warnings: readonly string[];
}
