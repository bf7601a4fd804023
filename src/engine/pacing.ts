import { setTimeout as sleep } from "node:timers/promises";

export interface Limits {
  /** Batches in flight at once, over all transfers that share the pacing. */
  concurrency: number;
  recordsPerSecond?: number | undefined;
  bytesPerSecond?: number | undefined;
}

/**
 * The speed limits that transfers side by side share: slots for batches in flight, and records and bytes per second.
 * `limits` may be changed at any time; the next batch obeys.
 */
export class Pacing {
  limits: Limits;
  private inFlight = 0;
  private readonly waiting: (() => void)[] = [];
  private nextStart = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Waits until the rates allow a batch of this size; rejects with AbortError when `signal` aborts meanwhile. */
  async admit(records: number, bytes: number, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const start = Math.max(this.nextStart, now);
    this.nextStart = start + this.secondsFor(records, bytes) * 1000;
    if (start > now) await sleep(start - now, undefined, { signal });
  }

  /**
   * Takes one of the slots, first come first served, and returns what frees it; rejects with AbortError when aborted while waiting.
   */
  async takeSlot(signal: AbortSignal): Promise<() => void> {
    await this.slot(signal);
    return () => {
      this.inFlight--;
      this.handOut();
    };
  }

  private secondsFor(records: number, bytes: number): number {
    const { recordsPerSecond, bytesPerSecond } = this.limits;
    return Math.max(
      recordsPerSecond === undefined ? 0 : records / recordsPerSecond,
      bytesPerSecond === undefined ? 0 : bytes / bytesPerSecond,
    );
  }

  private slot(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      const abort = (): void => {
        const at = this.waiting.indexOf(take);
        if (at >= 0) this.waiting.splice(at, 1);
        reject(new DOMException("stopped while waiting for a free slot", "AbortError"));
      };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      this.waiting.push(take);
      this.handOut();
    });
  }

  /**
   * Gives free slots to those who wait, in their order. A newcomer that got one before them could wait in it, for ever, for the batch before
   * it that has none.
   */
  private handOut(): void {
    while (this.waiting.length > 0 && this.inFlight < this.limits.concurrency) {
      this.inFlight++;
      this.waiting.shift()!();
    }
  }
}
