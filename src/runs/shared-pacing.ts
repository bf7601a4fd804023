import { setTimeout as sleep } from "node:timers/promises";
import { Pacing } from "../engine/pacing.ts";
import type { RunLimits } from "./run-record.ts";

/** Port: what all processes of a run have admitted together. */
export interface RateLedger {
  /**
   * Admits a batch when the one before it, whoever's it was, has been paid for by these limits. Returns the
   * milliseconds until it may be asked again, 0 when the batch is admitted.
   */
  admit(size: { readonly records: number; readonly bytes: number }, rates: Rates): Promise<number>;
  /** Bytes of a batch that were known only when it had been admitted. */
  charge(bytes: number): Promise<void>;
}

type Rates = Required<Pick<RunLimits, "recordsPerSecond" | "bytesPerSecond">>;

/** Between two questions, so that other limits and a pause are obeyed. */
const longestWait = 500;
const throttledMillis = 2000;

/** The pacing of a process that does a run together with others: the rates hold over all of them. */
export class SharedPacing extends Pacing<Required<RunLimits>> {
  private readonly ledger: RateLedger;
  private last: Promise<unknown> = Promise.resolve();
  private waitedAt = Number.NEGATIVE_INFINITY;

  constructor(limits: Required<RunLimits>, ledger: RateLedger) {
    super(limits);
    this.ledger = ledger;
  }

  override get isThrottled(): boolean {
    return !this.isPaused && performance.now() - this.waitedAt < throttledMillis;
  }

  override admit(records: number, bytes: number, signal: AbortSignal): Promise<void> {
    const admitted = this.last.then(() => this.admitShared({ records, bytes }, signal));
    this.last = admitted.catch(() => {}); // who is stopped holds up nobody
    return admitted;
  }

  override charge(bytes: number): void {
    this.ledger.charge(bytes).catch(() => {}); // the next admission meets the same server
  }

  private async admitShared(size: { records: number; bytes: number }, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.unpaused(signal);
      signal.throwIfAborted();
      const { recordsPerSecond, bytesPerSecond } = this.limits;
      if (recordsPerSecond === null && bytesPerSecond === null) return;
      const wait = await this.ledger.admit(size, { recordsPerSecond, bytesPerSecond });
      if (wait === 0) return;
      this.waitedAt = performance.now();
      await sleep(Math.min(wait, longestWait), undefined, { signal });
    }
  }
}
