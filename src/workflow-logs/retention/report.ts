import { comparePartitions, type Partition } from "../partitions/log-types.ts";
import type { RetentionOptions } from "./options.ts";

/** Why an index that is past its retention stays all the same: somebody has to look at it, or the next sweep does. */
const faults = [
  "index_foreign",
  "index_replaced",
  "index_closed",
  "index_frozen",
  "index_blocked",
  /** Some of its documents cannot be read, or have no created_at. */
  "newest_unknown",
  /** It is being copied, validated, purged, restored or swept. */
  "busy",
  "snapshot_failed",
  /** Documents were written after the snapshot. */
  "written_meanwhile",
  "delete_refused",
] as const;

/** Why an index stays by rule. */
type RuleReason =
  | "within_retention"
  /** Its month has ended so lately that rows of it may still be committed. */
  | "month_open"
  | "held"
  /** The state knows the partition and there is no such index. */
  | "index_missing";

export type KeptReason = (typeof faults)[number] | RuleReason;

export interface SweptIndex extends Partition {
  readonly name: string;
  readonly documents: number;
  /** On disk, with all replicas. */
  readonly bytes: number;
  /**
   * created_at of its newest document, UTC. Null where there is none, and where it was not asked for: its month or a
   * rule says enough.
   */
  readonly newest: string | null;
  /** Of its newest document, in whole days. */
  readonly ageDays: number | null;
  /** Whether it has documents whose row is not in PostgreSQL any more; null where nobody counted. */
  readonly onlyCopy: boolean | null;
  /** The days that hold for it. */
  readonly retentionDays: number;
  readonly action: "deleted" | "would_delete" | "kept";
  readonly reason: "past_retention" | KeptReason;
  /** What Elasticsearch said. */
  readonly detail?: string | undefined;
}

export interface Sum {
  indices: number;
  documents: number;
  bytes: number;
}

export interface RetentionReport {
  readonly command: "elasticsearch retention sweep";
  runId: string | null;
  status: "completed" | "completed_with_findings" | "interrupted" | "dry_run";
  readonly dryRun: boolean;
  /** Where no rule says otherwise. */
  readonly retentionDays: number;
  readonly now: string;
  readonly cutoff: string;
  /** By tenant, data type and month. */
  indices: readonly SweptIndex[];
  /** `onlyCopy`: of those that went or would go. */
  totals: Record<"deleted" | "wouldDelete" | "kept" | "onlyCopy", Sum>;
  snapshots: readonly { readonly repository: string; readonly name: string; readonly indices: readonly string[] }[];
  notes: readonly string[];
  seconds: number;
}

/** Collects what a sweep does, in the shape of its report. */
export class RetentionCounters {
  runId: string | null = null;
  readonly notes: string[] = [];
  readonly snapshots: RetentionReport["snapshots"][number][] = [];
  private readonly swept: SweptIndex[] = [];
  private readonly started = performance.now();
  private readonly options: Pick<RetentionOptions, "dryRun">;
  private readonly times: Pick<RetentionReport, "retentionDays" | "now" | "cutoff">;

  constructor(options: Pick<RetentionOptions, "dryRun">, days: number, now: Date, cutoff: Date) {
    this.options = options;
    this.times = { retentionDays: days, now: now.toISOString(), cutoff: cutoff.toISOString() };
  }

  add(index: SweptIndex): void {
    this.swept.push(index);
  }

  get hasFindings(): boolean {
    return hasFaults({ indices: this.swept });
  }

  snapshot(status: RetentionReport["status"] = "completed"): RetentionReport {
    const indices = this.swept.toSorted(comparePartitions);
    const gone = indices.filter(({ action }) => action !== "kept");
    return {
      command: "elasticsearch retention sweep",
      runId: this.runId,
      status,
      dryRun: this.options.dryRun,
      ...this.times,
      indices,
      totals: {
        deleted: sum(indices.filter(({ action }) => action === "deleted")),
        wouldDelete: sum(indices.filter(({ action }) => action === "would_delete")),
        kept: sum(indices.filter(({ action }) => action === "kept")),
        onlyCopy: sum(gone.filter(({ onlyCopy }) => onlyCopy === true)),
      },
      snapshots: this.snapshots,
      notes: this.notes,
      seconds: Math.round(performance.now() - this.started) / 1000,
    };
  }

  /** What is kept with the run, every two seconds: without the many that stay by rule. */
  stored(): object {
    const report = this.snapshot();
    return { ...report, indices: report.indices.filter((index) => index.action !== "kept" || isFault(index)) };
  }
}

/** Whether an index that should have gone was kept for a fault. */
export function hasFaults({ indices }: Pick<RetentionReport, "indices">): boolean {
  return indices.some(isFault);
}

function isFault({ reason }: SweptIndex): boolean {
  return (faults as readonly string[]).includes(reason);
}

function sum(indices: readonly SweptIndex[]): Sum {
  return {
    indices: indices.length,
    documents: indices.reduce((total, { documents }) => total + documents, 0),
    bytes: indices.reduce((total, { bytes }) => total + bytes, 0),
  };
}
