import type { IndexObstacle } from "../../stores/elasticsearch/indices/index-obstacles.ts";
import { comparePartitions, type Partition } from "../partitions/log-types.ts";

/** Why a month stays as it is, and somebody should look at it. */
const faults = [
  "index_foreign",
  "index_replaced",
  "index_closed",
  "index_frozen",
  "index_blocked",
  "index_gone",
  /** Another run works on it. */
  "busy",
  /** It was written into while it was sealed; the seal was lifted. */
  "written_meanwhile",
  /** Elasticsearch refused; `detail` says what. A month that is half sealed is finished by the next run. */
  "failed",
] as const satisfies readonly (IndexObstacle | "busy" | "written_meanwhile" | "failed")[];

export type StayReason =
  | (typeof faults)[number]
  | "already_sealed"
  /** Its month has ended too lately. */
  | "too_young"
  /** No full validation holds for it: something was written, or may have been, since the last one. */
  | "not_proven"
  /** Runs of it have not ended, as far as is known: they will be written again. */
  | "open_rows"
  /** It has documents whose rows were purged, and would have no replica. */
  | "only_copy";

export interface SealedMonth extends Partition {
  readonly name: string;
  readonly documents: number;
  /** Of its primaries on disk. */
  readonly bytesBefore: number;
  /** Null where nothing was merged. */
  readonly bytesAfter: number | null;
  readonly action: "sealed" | "would_seal" | "kept";
  readonly reason: StayReason | null;
  readonly detail?: string | undefined;
}

export interface SealReport {
  readonly command: "elasticsearch seal";
  runId: string | null;
  status: "completed" | "completed_with_findings" | "interrupted" | "dry_run";
  readonly dryRun: boolean;
  readonly olderThanDays: number;
  /** By tenant, data type and month. */
  readonly months: readonly SealedMonth[];
  readonly totals: {
    readonly sealed: number;
    readonly wouldSeal: number;
    readonly alreadySealed: number;
    readonly notProven: number;
    readonly kept: number;
    /** Of the months sealed by this run. */
    readonly bytesBefore: number;
    readonly bytesAfter: number;
  };
  readonly seconds: number;
}

/** Collects what a run does, in the shape of its report. */
export class SealCounters {
  runId: string | null = null;
  private readonly months: SealedMonth[] = [];
  private readonly started = performance.now();
  private readonly about: Pick<SealReport, "dryRun" | "olderThanDays">;

  constructor({ dryRun, olderThanDays }: Pick<SealReport, "dryRun" | "olderThanDays">) {
    this.about = { dryRun, olderThanDays };
  }

  add(month: SealedMonth): void {
    this.months.push(month);
  }

  get hasFindings(): boolean {
    return hasFaults({ months: this.months });
  }

  snapshot(status: SealReport["status"] = "completed"): SealReport {
    const months = this.months.toSorted(comparePartitions);
    const count = (isMeant: (month: SealedMonth) => boolean): number => months.filter(isMeant).length;
    const sealed = months.filter(({ action }) => action === "sealed");
    return {
      command: "elasticsearch seal",
      runId: this.runId,
      status,
      ...this.about,
      months,
      totals: {
        sealed: sealed.length,
        wouldSeal: count(({ action }) => action === "would_seal"),
        alreadySealed: count(({ reason }) => reason === "already_sealed"),
        notProven: count(({ reason }) => reason === "not_proven"),
        kept: count(({ action }) => action === "kept"),
        bytesBefore: sealed.reduce((sum, { bytesBefore }) => sum + bytesBefore, 0),
        bytesAfter: sealed.reduce((sum, { bytesAfter }) => sum + (bytesAfter ?? 0), 0),
      },
      seconds: Math.round(performance.now() - this.started) / 1000,
    };
  }

  /** What is kept with the run, every two seconds: without the many that stay by rule. */
  stored(): object {
    const report = this.snapshot();
    return { ...report, months: report.months.filter((month) => month.action === "sealed" || isFault(month)) };
  }
}

/** Whether a month that was to be sealed was kept for a fault. */
export function hasFaults({ months }: Pick<SealReport, "months">): boolean {
  return months.some(isFault);
}

function isFault({ reason }: SealedMonth): boolean {
  return reason !== null && (faults as readonly string[]).includes(reason);
}
