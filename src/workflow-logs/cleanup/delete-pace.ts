import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { LagGate } from "../copying/lag-gate.ts";
import type { Run } from "../../runs/run.ts";
import type { CleanupOptions } from "./options.ts";

/** How long one transaction may hold locks on rows of the platform, about. */
const transactionMillis = 200;
/**
 * The first transaction tells how fast this server deletes; until then a large one could hold its locks for seconds.
 */
const firstRows = 100;
/** The server rests as long as it worked: deletes leave work to vacuum, checkpoints and standbys. */
const pauseShare = 1;
const longestPauseMillis = 2000;
/** Small rows with three indexes, by primary key; measured on two cores. */
const assumedRowsPerSecond = 20_000;
const lockBackOffMillis = 250;

/** How many rows the next transaction deletes, and when. */
export class DeletePace {
  private rowsNow: number;
  private restUntil = 0;
  private readonly run: Pick<Run, "pacing" | "waits">;
  private readonly lag: LagGate;

  constructor(
    pool: Pool,
    options: Pick<CleanupOptions, "maxLagSeconds" | "dryRun">,
    run: Pick<Run, "pacing" | "waits">,
  ) {
    this.run = run;
    this.rowsNow = firstRows;
    this.lag = new LagGate(pool, options.dryRun ? Number.POSITIVE_INFINITY : options.maxLagSeconds, run);
  }

  get rows(): number {
    return Math.max(1, Math.floor(Math.min(this.rowsNow, this.most)));
  }

  private get most(): number {
    return this.run.pacing.limits.batchRows;
  }

  /** Waits until the run is not paused and the standbys keep up. Rejects with AbortError when stopped meanwhile. */
  async ready(signal: AbortSignal): Promise<void> {
    await this.run.pacing.unpaused(signal);
    await this.lag.passed(signal);
  }

  /**
   * Waits until the server has rested from the last transaction, a few seconds at most. Rejects with AbortError when
   * stopped meanwhile.
   */
  async rested(signal: AbortSignal): Promise<void> {
    const rest = this.restUntil - performance.now();
    if (rest > 0) await sleep(rest, undefined, { signal });
  }

  deleted(rows: number, millis: number): void {
    if (rows >= this.rows / 2 || millis > transactionMillis) {
      this.rowsNow = clamp(rows * clamp(transactionMillis / millis, 0.2, 2), 1, this.most);
    }
    this.restUntil = performance.now() + Math.min(pauseShare * millis, longestPauseMillis);
  }

  /** Some of `rows` could not be deleted together: fewer next time, so that the others can. */
  fewer(rows: number): void {
    this.rowsNow = Math.max(1, Math.min(rows, this.rowsNow) / 2);
  }

  /** Others held locks, or the statements took too long: later, at each attempt more so. */
  async backOff(attempt: number, signal: AbortSignal): Promise<void> {
    await sleep(lockBackOffMillis * attempt, undefined, { signal });
  }
}

/** How long the deletes of so many rows take, pauses included; reading and comparing come on top. */
export function deleteSeconds(rows: number): number {
  return Math.ceil(((1 + pauseShare) * rows) / assumedRowsPerSecond);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
