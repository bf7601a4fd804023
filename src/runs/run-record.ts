import type { Sharing } from "./sharing.ts";

/** `running` until its process says how it ended. */
export type RunStatus = "running" | "completed" | "completed_with_errors" | "interrupted" | "failed";
export type RequestedState = "running" | "paused" | "aborted";

/** The limits of a run in force. One that is missing cannot be set; null is no limit. */
export interface RunLimits {
  readonly concurrency?: number;
  readonly batchRows?: number;
  readonly recordsPerSecond?: number | null;
  readonly bytesPerSecond?: number | null;
}

/** A run as its home remembers it. Times are text that `Date` reads. */
export interface RunRecord {
  readonly id: string;
  readonly command: string;
  /** `died` when it was never ended and its process no longer holds its lock. */
  readonly status: RunStatus | "died";
  readonly options: Record<string, unknown>;
  readonly report: Record<string, unknown> | null;
  readonly error: string | null;
  readonly startedAt: string;
  readonly heartbeatAt: string;
  readonly finishedAt: string | null;
  /** Why it does not go on as fast as it can, as its process last said. */
  readonly waiting: string | null;
  /** Null for a run of an older program, which obeys no requests. */
  readonly limits: RunLimits | null;
  /** Of a run whose partitions workers do; in `find` alone. */
  readonly sharing?: Sharing;
  /** What was asked of it last from another terminal. */
  readonly requested: { readonly state: RequestedState; readonly at: string | null; readonly by: string | null };
}
