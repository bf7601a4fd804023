import type { AppError } from "../../engine/errors.ts";
import type { Backlog } from "../state/dirty/dirty-rows.ts";
import { type DataType, type Partition, partitionKey } from "../partitions/log-types.ts";
import { MigrateCounters } from "../copying/report.ts";
import type { DirtyReport, DirtyTotals, DropReason } from "./dirty-report.ts";

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
