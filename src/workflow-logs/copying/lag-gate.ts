import type { Pool } from "pg";
import { AppError } from "../../engine/errors.ts";
import { replicationLag } from "../../stores/postgres/replication-lag.ts";
import type { Run } from "../../runs/run.ts";
import { waitUntil } from "../../runs/wait-until.ts";

/** How long the standbys are taken to keep up, once they were seen to. */
const knownMillis = 1000;

/** Holds work back while a standby is too far behind. */
export class LagGate {
  private readonly pool: Pool;
  private readonly maxLagSeconds: number;
  private readonly run: Pick<Run, "pacing" | "waits">;
  private knownUntil = 0;

  /** With Infinity for `maxLagSeconds` nothing is looked at and nothing waits. */
  constructor(pool: Pool, maxLagSeconds: number, run: Pick<Run, "pacing" | "waits">) {
    this.pool = pool;
    this.maxLagSeconds = maxLagSeconds;
    this.run = run;
  }

  /**
   * Resolves when the standbys keep up. Throws AppError when that cannot be known, AbortError when stopped meanwhile.
   */
  async passed(signal: AbortSignal): Promise<void> {
    if (this.maxLagSeconds === Number.POSITIVE_INFINITY || performance.now() < this.knownUntil) return;
    const text = `throttled by replication lag: a standby is more than ${this.maxLagSeconds} s behind`;
    await waitUntil(
      this.run,
      { cause: "replication_lag", text },
      signal,
      async () => !(await this.standbysAreBehind()),
    );
    this.knownUntil = performance.now() + knownMillis;
  }

  private async standbysAreBehind(): Promise<boolean> {
    const { seconds, hidden } = await replicationLag(this.pool);
    if (hidden === 0) return seconds > this.maxLagSeconds;
    throw new AppError(
      "replication_lag_hidden",
      "There are standbys, and this role may not see how far they are behind.",
      {
        hint: "GRANT pg_monitor to the role, or give --max-lag off to go on without looking. Run the same command again: it goes on where it was.",
      },
    );
  }
}
