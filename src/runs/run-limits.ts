import type { Pacing } from "../engine/pacing.ts";
import type { RunLimits } from "./run-record.ts";

/**
 * What a run begins with. Without `concurrency` it does one batch after the other, without `batchRows` it has none, and
 * nobody can change that.
 */
export interface InitialLimits {
  readonly batchRows?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly recordsPerSecond?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
}

type PacingLimits = Required<RunLimits>;

/** The pacing of a run, with the size of its batches. */
export type RunPacing = Pacing<PacingLimits>;

export function initialLimits({ batchRows, concurrency, recordsPerSecond, bytesPerSecond }: InitialLimits): RunLimits {
  if (batchRows === undefined) return {};
  return {
    ...(concurrency !== undefined && { concurrency }),
    batchRows,
    recordsPerSecond: recordsPerSecond ?? null,
    bytesPerSecond: bytesPerSecond ?? null,
  };
}

export function pacingLimits(limits: RunLimits): PacingLimits {
  return { concurrency: 1, batchRows: 1, recordsPerSecond: null, bytesPerSecond: null, ...limits };
}

/** In the words of the flags. */
export function describeLimits(limits: RunLimits): string {
  const flags = Object.entries(flagOf).flatMap(([key, flag]) => {
    const limit = limits[key as keyof RunLimits];
    return limit === undefined ? [] : [`${flag} ${limit ?? "off"}`];
  });
  return flags.length === 0 ? "none" : flags.join(" ");
}

export const flagOf: Readonly<Record<keyof RunLimits, string>> = {
  concurrency: "--concurrency",
  batchRows: "--batch-size",
  recordsPerSecond: "--max-rps",
  bytesPerSecond: "--max-bytes-rate",
};
