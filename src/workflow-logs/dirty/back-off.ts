import { setTimeout as sleep } from "node:timers/promises";

const firstMillis = 500;
const longestMillis = 30_000;

/** Pauses between attempts, each twice as long as the one before, until one succeeds. Ended early, and quietly, when stopped. */
export class BackOff {
  private failures = 0;

  succeeded(): void {
    this.failures = 0;
  }

  async pause(signal: AbortSignal): Promise<void> {
    const millis = Math.min(longestMillis, firstMillis * 2 ** this.failures++);
    await sleep(millis, undefined, { signal }).catch(() => {});
  }
}
