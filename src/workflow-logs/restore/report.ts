import { type DataType, logTypes, type Partition, partitionKey } from "../partitions/log-types.ts";
import { Outcome, type RestoreFinding, type RowCounts } from "./row-fates.ts";
import type { MissingIndex, PlannedRestore } from "./plan-restore.ts";

export interface RestoreReport {
  readonly command: "elasticsearch restore";
  readonly runId: string | null;
  readonly status: "completed" | "completed_with_errors" | "interrupted" | "failed" | "dry_run";
  readonly dryRun: boolean;
  readonly tenantId: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly seconds: number;
  /** Bytes of the documents read. */
  readonly bytes: number;
  readonly byTable: Readonly<Record<string, RowCounts>>;
  readonly byPartition: readonly PartitionCounts[];
  readonly partitions: { readonly total: number; readonly done: number; readonly remaining: number };
  /** Partitions that were archived once and have no index now, or one that cannot be read. */
  readonly missing: readonly MissingIndex[];
  /** Purged rows whose document is gone. */
  readonly lost: number;
  /** The first of them; all are in the state schema. */
  readonly findings: readonly RestoreFinding[];
  readonly notes: readonly string[];
}

/** The rows of the log table itself; their offload rows are in `byTable`. */
export interface PartitionCounts extends RowCounts {
  readonly dataType: DataType;
  readonly month: string;
  readonly bytes: number;
}

export const shownFindings = 20;

/** Counts what a restore does, in the shape of its report. */
export class RestoreCounters {
  runId: string | null = null;
  readonly notes = new Set<string>();
  private readonly dryRun: boolean;
  private readonly tenantId: string;
  private readonly startedAt = new Date().toISOString();
  private readonly started = performance.now();
  private readonly whole = new Outcome();
  private readonly byPartition = new Map<string, { partition: Partition; outcome: Outcome; bytes: number }>();
  private findings: readonly RestoreFinding[] = [];
  private missing: readonly MissingIndex[] = [];
  private total = 0;
  private done = 0;
  private lost = 0;

  /** `tables` are those that the report names though nothing becomes of them. */
  constructor(options: { tenantId: string; dryRun: boolean }, tables: readonly string[]) {
    this.tenantId = options.tenantId;
    this.dryRun = options.dryRun;
    for (const table of tables) this.whole.add(table, "restored", 0);
  }

  planned(partitions: readonly PlannedRestore[], missing: readonly MissingIndex[]): void {
    this.total = partitions.length;
    this.missing = missing;
  }

  add(partition: Partition, counts: Readonly<Record<string, RowCounts>>, bytes: number): void {
    this.whole.addCounts(counts);
    const known = this.byPartition.get(partitionKey(partition)) ?? { partition, outcome: new Outcome(), bytes: 0 };
    known.outcome.addCounts(counts);
    known.bytes += bytes;
    this.byPartition.set(partitionKey(partition), known);
  }

  /** A partition that could not be restored after all. */
  went(partition: MissingIndex): void {
    this.missing = [...this.missing, partition];
  }

  /** Keeps the first ones. */
  found(findings: readonly RestoreFinding[]): void {
    if (this.findings.length < shownFindings) this.findings = [...this.findings, ...findings].slice(0, shownFindings);
  }

  /** Shows these instead: those that the state has of the whole restore, also of its part before an interruption. */
  show(findings: readonly RestoreFinding[]): void {
    this.findings = findings;
  }

  partitionDone(lost: number): void {
    this.done++;
    this.lost += lost;
  }

  snapshot(status: RestoreReport["status"]): RestoreReport {
    const partitions = [...this.byPartition.values()];
    return {
      command: "elasticsearch restore",
      runId: this.runId,
      status,
      dryRun: this.dryRun,
      tenantId: this.tenantId,
      startedAt: this.startedAt,
      finishedAt: new Date().toISOString(),
      seconds: Math.round(performance.now() - this.started) / 1000,
      bytes: partitions.reduce((sum, { bytes }) => sum + bytes, 0),
      byTable: this.whole.counts,
      byPartition: partitions.map(({ partition: { dataType, month }, outcome, bytes }) => ({
        dataType,
        month,
        ...(outcome.counts[logTypes[dataType].table] ?? noRows),
        bytes,
      })),
      partitions: { total: this.total, done: this.done, remaining: this.total - this.done },
      missing: this.missing,
      lost: this.lost,
      findings: this.findings,
      notes: [...this.notes],
    };
  }
}

const noRows: RowCounts = { documents: 0, restored: 0, present: 0, different: 0, deleted: 0, refused: 0 };

/** Whether some row that was asked for is not in PostgreSQL as it is in its document. */
export function hasFindings({ byTable, lost, missing }: RestoreReport): boolean {
  const notAsArchived = Object.values(byTable).some(({ different, refused }) => different + refused > 0);
  return (
    notAsArchived || lost > 0 || missing.some(({ purgedRows, because }) => purgedRows > 0 || because !== undefined)
  );
}
