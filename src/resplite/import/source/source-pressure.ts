import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { BinaryClient } from "../../../stores/redis/binary-client.ts";

const pingMillis = 200;
/** A ping on a network of ours takes less than one; beyond this the source's own users wait, too. */
const slowMillis = 20;

/** Holds reads back while the source answers slowly: a ping on a connection of its own, five times a second. */
export class SourcePressure {
  readonly #redis: BinaryClient;
  readonly #note: (text: string) => void;
  readonly #timer: NodeJS.Timeout;
  #usual = Number.POSITIVE_INFINITY;
  #last = 0;
  #isHigh = false;
  #asking = false;

  constructor(redis: BinaryClient, note: (text: string) => void) {
    this.#redis = redis;
    this.#note = note;
    this.#timer = setInterval(() => void this.#ping(), pingMillis).unref();
  }

  /**
   * Resolves at once unless the source is slow now; after a second in any case, for it may be slow for other reasons.
   */
  async passed(signal: AbortSignal): Promise<void> {
    const giveUp = performance.now() + 1000;
    while (this.#isHigh && performance.now() < giveUp && !signal.aborted)
      await sleep(50, undefined, { signal }).catch(() => {});
  }

  close(): void {
    clearInterval(this.#timer);
    this.#redis.close();
  }

  async #ping(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      this.#last = await this.#waitedMillis();
      this.#usual = Math.min(this.#usual, this.#last);
      const high = this.#last > slowMillis && this.#last > 5 * this.#usual;
      if (high && !this.#isHigh) this.#note(`The source answers slowly (${Math.round(this.#last)} ms): reading less`);
      this.#isHigh = high;
    } catch {
      this.#isHigh = false; // it is away, which those who read notice
    } finally {
      this.#asking = false;
    }
  }

  /** Of the time to the answer only that in which this process had nothing to do, such as a commit, but to wait. */
  async #waitedMillis(): Promise<number> {
    const before = performance.eventLoopUtilization();
    await this.#redis.send("PING");
    return performance.eventLoopUtilization(before).idle;
  }
}
