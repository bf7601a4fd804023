import { backOff } from "../../engine/back-off.ts";
import { setTimeout as sleep } from "node:timers/promises";

const pauses = { first: 500, longest: 30_000 };

/**
 * Pauses between attempts, each twice as long as the one before, until one succeeds. Ended early, and quietly, when
 * stopped.
 */
export class BackOff {
  private failures = 0;

  succeeded(): void {
    this.failures = 0;
  }

  async pause(signal: AbortSignal): Promise<void> {
    await sleep(backOff(++this.failures, pauses), undefined, { signal }).catch(() => {});
  }
}
