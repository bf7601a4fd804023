import type { AppError } from "../../engine/errors.ts";
import type { Backlog } from "../state/dirty-rows.ts";
import { type DataType, type Partition, partitionKey } from "../partitions/log-types.ts";
import { MigrateCounters, type MigrateReport } from "../copying/report.ts";

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
  readonly errors: MigrateReport["errors"];
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

/** Counts what becomes of dirty rows. `copies` counts the copying itself, apart from a migration's own. */
export class DirtyCounters {
  readonly copies: MigrateCounters;
  private readonly counts: Omit<DirtyTotals, "applied" | "failed"> = {
    entries: 0,
    moved: 0,
    deleted: 0,
    kept: 0,
    dropped: {},
  };
  private readonly waits = new Map<string, number>();
  private blockedRecords = 0;
  private remaining: DirtyReport["remaining"] = { rows: 0, oldestSeconds: null };

  constructor(dataTypes: readonly DataType[]) {
    this.copies = new MigrateCounters(dataTypes, { dryRun: false });
  }

  add(what: "entries" | "moved" | "deleted" | "kept", count: number): void {
    this.counts[what] += count;
  }

  dropped(reason: DropReason, records: number): void {
    if (records > 0) this.counts.dropped[reason] = (this.counts.dropped[reason] ?? 0) + records;
  }

  /** What waits is counted anew by each pass. */
  beginPass(): void {
    this.waits.clear();
    this.blockedRecords = 0;
  }

  busy(partition: Partition, records: number): void {
    this.waitFor(`${partitionKey(partition)} is being worked on by another run`, records);
  }

  /** Their month takes no documents, or no deletes, until someone acts. */
  block(partition: Partition, records: number, { message, hint }: AppError): void {
    this.waitFor(`${partitionKey(partition)}: ${message} ${hint ?? ""}`.trim(), records);
    this.blockedRecords += records;
  }

  /** Records that no further pass would apply. */
  get blocked(): number {
    return this.blockedRecords;
  }

  waitFor(reason: string, records: number): void {
    if (records > 0) this.waits.set(reason, (this.waits.get(reason) ?? 0) + records);
  }

  get isWaiting(): boolean {
    return this.waits.size > 0;
  }

  left({ rows, oldestSeconds }: Backlog): void {
    this.remaining = { rows, oldestSeconds };
  }

  /** Rows that became record errors. */
  get errors(): number {
    return this.copies.report.errors.total;
  }

  snapshot(): DirtyReport {
    const { totals, errors } = this.copies.report;
    return {
      totals: { ...this.counts, applied: totals.migrated, failed: totals.failed },
      waiting: [...this.waits].map(([reason, records]) => ({ records, reason })),
      remaining: this.remaining,
      errors,
    };
  }
}
