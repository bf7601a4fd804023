import type { Pacing } from "../engine/pacing.ts";
import type { RunLimits } from "../stores/postgres/state/database.ts";
import type { BatchLimits } from "./repositories/row-batches.ts";

/** What a run begins with. Without `concurrency` it does one batch after the other, and nobody can change that. */
export interface InitialLimits {
  readonly batchRows: number;
  readonly concurrency?: number | undefined;
  readonly recordsPerSecond?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
}

type PacingLimits = RunLimits & { readonly concurrency: number };

/** The pacing of a run, with the size of its batches. */
export type RunPacing = Pacing<PacingLimits>;

export function initialLimits({ batchRows, concurrency, recordsPerSecond, bytesPerSecond }: InitialLimits): RunLimits {
  return {
    ...(concurrency !== undefined && { concurrency }),
    batchRows,
    recordsPerSecond: recordsPerSecond ?? null,
    bytesPerSecond: bytesPerSecond ?? null,
  };
}

export function pacingLimits(limits: RunLimits): PacingLimits {
  return { ...limits, concurrency: limits.concurrency ?? 1 };
}

/** Seconds that a batch may use up of what the rates allow: with larger ones a few that end together would exceed the rate for half a minute. */
const batchSeconds = 0.5;

/** How large batches may be now; each page reads it anew. `rows` are those of `--batch-size`, unless the command has pages of its own. */
export function liveBatchLimits(
  pacing: RunPacing,
  most: { readonly bytes: number; readonly rows?: number },
): BatchLimits {
  return {
    get rows() {
      return within(most.rows ?? pacing.limits.batchRows, pacing.limits.recordsPerSecond);
    },
    get bytes() {
      return within(most.bytes, pacing.limits.bytesPerSecond);
    },
  };
}

function within(limit: number, perSecond: number | null): number {
  return Math.min(limit, Math.ceil((perSecond ?? Infinity) * batchSeconds));
}

/** In the words of the flags. */
export function describeLimits({ concurrency, batchRows, recordsPerSecond, bytesPerSecond }: RunLimits): string {
  return [
    ...(concurrency === undefined ? [] : [`--concurrency ${concurrency}`]),
    `--batch-size ${batchRows}`,
    `--max-rps ${recordsPerSecond ?? "off"}`,
    `--max-bytes-rate ${bytesPerSecond ?? "off"}`,
  ].join(" ");
}
