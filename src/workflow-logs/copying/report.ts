import type { Receipt } from "../../engine/ports.ts";
import { type DataType, type Partition, partitionKey } from "../partitions/log-types.ts";
import type { DirtyReport } from "../dirty/dirty-report.ts";
import type { InlinedContents } from "../offloads/inline-contents.ts";
import type { WaitingMonth } from "./closed-months.ts";
import type { ReportedError, ReportedErrors } from "./reported-errors.ts";
import type { RowOrigin } from "./row-copy.ts";

export interface Totals {
  /** Rows that the run was about: migrated + skipped + failed, and those it did not come to. */
  source: number;
  migrated: number;
  /** Already in Elasticsearch and left as they are. */
  skipped: number;
  failed: number;
  /** Bytes of the documents written. */
  bytes: number;
}

export interface MigrateReport {
  readonly command: "elasticsearch migrate";
  runId: string | null;
  status: "completed" | "completed_with_errors" | "interrupted" | "failed" | "dry_run";
  readonly dryRun: boolean;
  readonly startedAt: string;
  finishedAt: string;
  seconds: number;
  readonly totals: Totals;
  readonly byDataType: Partial<Record<DataType, Totals>>;
  readonly batches: { successful: number; failed: number };
  readonly partitions: { total: number; done: number; remaining: number };
  /** Months whose index takes no documents, with the rows that wait for it. */
  readonly waiting: WaitingMonth[];
  readonly errors: ReportedErrors;
  /** Offloaded contents looked for by `--offload inline`; `unresolved` counts those not loaded by reason. */
  contents?: { loaded: number; bytes: number; readonly unresolved: Record<string, number> };
  /** Percent of the rows tried that were written. */
  successRate: number;
  /** What the platform wrote behind the copy, as far as capture recorded it. Not counted in the totals. */
  dirty?: DirtyReport;
  /** Of `--follow`: since when, and how far behind the platform the documents were last. */
  following?: { readonly since: string; readonly lagRows: number; readonly lagSeconds: number };
  /** How the rows that may be new were found in each log table; `why` it was read from end to end. */
  readonly planning: { dataType: DataType; by: "scan" | "notes" | "created_at"; why?: string }[];
  /** Partitions that had fewer documents than they should, and what became of that. */
  readonly shortfalls: Shortfall[];
  warnings: readonly string[];
}

export interface Shortfall extends Partition {
  /** Documents that were there once and were gone. */
  readonly vanished: number;
  /** Rows without a document that were copied now. */
  readonly copied: number;
  /** Purged rows whose document is gone. */
  readonly lost: number;
}

/** What came of one partition, to be added to a report by another process. */
export type CopyCounts = Pick<
  MigrateReport,
  "totals" | "batches" | "errors" | "contents" | "shortfalls" | "waiting"
> & {
  readonly indexWasReplaced: boolean;
};

const firstErrors = 5;
const interruptionsKept = 20;

function emptyTotals(): Totals {
  return { source: 0, migrated: 0, skipped: 0, failed: 0, bytes: 0 };
}

/** Counts what a run does, in the shape of its report. */
export class MigrateCounters {
  readonly report: MigrateReport;
  private readonly started = performance.now();
  private readonly replaced: string[] = [];
  private readonly warnings: string[] = [];
  private readonly interruptions: string[] = [];

  constructor(dataTypes: readonly DataType[], options: { dryRun: boolean; startedAt?: string | undefined }) {
    this.report = {
      command: "elasticsearch migrate",
      runId: null,
      status: options.dryRun ? "dry_run" : "completed",
      dryRun: options.dryRun,
      startedAt: options.startedAt ?? new Date().toISOString(),
      finishedAt: "",
      seconds: 0,
      totals: emptyTotals(),
      byDataType: Object.fromEntries(dataTypes.map((type) => [type, emptyTotals()])),
      batches: { successful: 0, failed: 0 },
      partitions: { total: 0, done: 0, remaining: 0 },
      waiting: [],
      errors: { total: 0, byType: {}, first: [] },
      successRate: 100,
      planning: [],
      shortfalls: [],
      warnings: [],
    };
  }

  add(dataType: DataType, change: Partial<Totals>): void {
    for (const totals of [this.report.totals, this.report.byDataType[dataType]!]) {
      for (const [key, value] of Object.entries(change)) totals[key as keyof Totals] += value;
    }
  }

  written(partition: Partition, receipt: Receipt, bytes: number, rows: RowOrigin): void {
    const records = receipt.written + receipt.refused.length;
    if (rows === "late") this.add(partition.dataType, { source: records });
    if (rows === "known") this.add(partition.dataType, { skipped: -records }); // not left as they are after all
    this.add(partition.dataType, { migrated: receipt.written, bytes });
    for (const { id, type, reason } of receipt.refused) this.refused({ ...partition, id, type, message: reason });
    if (receipt.refused.length === 0) this.report.batches.successful++;
    else this.report.batches.failed++;
  }

  refused(error: ReportedError): void {
    const { errors } = this.report;
    this.add(error.dataType, { failed: 1 });
    errors.total++;
    errors.byType[error.type] = (errors.byType[error.type] ?? 0) + 1;
    if (errors.first.length >= firstErrors) return;
    const { dataType, tenantId, id, type, message } = error;
    errors.first.push({ dataType, tenantId, id, type, message: message.slice(0, 500) });
  }

  inlined({ files, fileBytes, unresolved }: InlinedContents): void {
    const contents = (this.report.contents ??= { loaded: 0, bytes: 0, unresolved: {} });
    contents.loaded += files;
    contents.bytes += fileBytes;
    for (const { reason } of unresolved) contents.unresolved[reason] = (contents.unresolved[reason] ?? 0) + 1;
  }

  partitionsPlanned(count: number): void {
    this.report.partitions.total += count;
    this.report.partitions.remaining += count;
  }

  warn(text: string): void {
    this.warnings.push(text);
  }

  /** A server was away while following; the last few are kept. */
  interrupted(reason: string): void {
    this.interruptions.push(`${new Date().toISOString()}: ${reason} Went on when it was well again.`);
    if (this.interruptions.length > interruptionsKept) this.interruptions.shift();
  }

  missing(partition: Partition, found: Omit<Shortfall, keyof Partition>): void {
    if (found.vanished + found.copied + found.lost > 0) this.report.shortfalls.push({ ...partition, ...found });
  }

  /** Documents were gone that had been confirmed: that does not happen by itself. */
  get hasLostDocuments(): boolean {
    return this.report.shortfalls.some(({ vanished, lost }) => vanished + lost > 0);
  }

  indexReplaced(partition: string): void {
    this.replaced.push(partition);
  }

  monthWaits(month: WaitingMonth): void {
    this.report.waiting.push(month);
  }

  /** Adds what was counted of a partition since `before`. */
  join(partition: Partition, now: CopyCounts, before: CopyCounts | null): void {
    const { report } = this;
    const since = (of: (counts: CopyCounts) => number): number => of(now) - (before === null ? 0 : of(before));
    const totals = Object.keys(now.totals).map((key) => [key, since((counts) => counts.totals[key as keyof Totals])]);
    this.add(partition.dataType, Object.fromEntries(totals) as Totals);
    report.batches.successful += since((counts) => counts.batches.successful);
    report.batches.failed += since((counts) => counts.batches.failed);
    report.errors.total += since((counts) => counts.errors.total);
    for (const type of Object.keys(now.errors.byType))
      report.errors.byType[type] =
        (report.errors.byType[type] ?? 0) + since((counts) => counts.errors.byType[type] ?? 0);
    const newErrors = now.errors.first.slice(before?.errors.first.length ?? 0);
    report.errors.first.push(...newErrors.slice(0, Math.max(0, firstErrors - report.errors.first.length)));
    if (now.contents !== undefined) {
      const contents = (report.contents ??= { loaded: 0, bytes: 0, unresolved: {} });
      contents.loaded += since((counts) => counts.contents?.loaded ?? 0);
      contents.bytes += since((counts) => counts.contents?.bytes ?? 0);
      for (const reason of Object.keys(now.contents.unresolved))
        contents.unresolved[reason] =
          (contents.unresolved[reason] ?? 0) + since((counts) => counts.contents?.unresolved[reason] ?? 0);
    }
    report.shortfalls.push(...now.shortfalls.slice(before?.shortfalls.length ?? 0));
    report.waiting.push(...now.waiting.slice(before?.waiting.length ?? 0));
    if (now.indexWasReplaced && before?.indexWasReplaced !== true) this.indexReplaced(partitionKey(partition));
  }

  /** What was counted, of one partition alone, as `join` takes it. */
  counts(): CopyCounts {
    const { totals, batches, errors, contents, shortfalls, waiting } = this.report;
    return structuredClone({
      totals,
      batches,
      errors,
      shortfalls,
      waiting,
      ...(contents !== undefined && { contents }),
      indexWasReplaced: this.replaced.length > 0,
    });
  }

  partitionDone(): void {
    this.report.partitions.done++;
    this.report.partitions.remaining--;
  }

  /** The report as it stands now. */
  snapshot(): MigrateReport {
    const { report } = this;
    const { migrated, failed } = report.totals;
    report.warnings = [
      ...this.warnings,
      ...this.interruptions,
      ...this.replacedWarning(),
      ...this.unresolvedWarning(),
      ...report.shortfalls.map(shortfallWarning),
    ];
    report.finishedAt = new Date().toISOString();
    report.seconds = Math.round(performance.now() - this.started) / 1000;
    report.successRate = migrated + failed === 0 ? 100 : Math.floor((migrated / (migrated + failed)) * 10_000) / 100;
    return report;
  }

  private unresolvedWarning(): string[] {
    const reasons = Object.entries(this.report.contents?.unresolved ?? {});
    if (reasons.length === 0) return [];
    const counts = reasons.map(([reason, count]) => `${reason}: ${count}`).join(", ");
    return [
      `Some offloaded contents could not be put into their documents (${counts}). Their rows are archived with the preview; they are listed in log_archive.unresolved_contents.`,
    ];
  }

  private replacedWarning(): string[] {
    const [first] = this.replaced;
    if (first === undefined) return [];
    const others = this.replaced.length > 1 ? ` The same holds for ${this.replaced.length - 1} other partitions.` : "";
    return [`The index of ${first} is not the one it was copied into before: its rows are copied again.${others}`];
  }
}

function shortfallWarning({ vanished, copied, lost, ...partition }: Shortfall): string {
  const key = partitionKey(partition);
  const again = copied > 0 ? ` ${copied} rows without a document were copied.` : "";
  if (vanished + lost === 0) return `${key}: rows had come behind its checkpoint.${again}`;
  const gone = vanished > 0 ? ` ${vanished} documents that had been confirmed were gone.` : "";
  const neither = lost > 0 ? ` ${lost} of purged rows are gone, which only a snapshot of the index has.` : "";
  return `${key}:${gone}${again}${neither} Somebody deletes from the index, or it was set back, and then others are older than their rows: app elasticsearch validate --full --repair finds and mends those.`;
}
