import type { RunPacing } from "./run-limits.ts";

/** How large a batch may become. Both may change while a source reads: it asks for each page. */
export interface BatchLimits {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Seconds that a batch may use up of what the rates allow: with larger ones a few that end together would exceed the
 * rate for half a minute.
 */
const batchSeconds = 0.5;

/**
 * How large batches may be now; each page reads it anew. `rows` are those of `--batch-size`, unless the command has
 * pages of its own.
 */
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
