import { WaitingLine } from "./waiting-line.ts";

export interface Limits {
  /** Batches in flight at once, over all transfers that share the pacing. */
  readonly concurrency: number;
  readonly recordsPerSecond?: number | null | undefined;
  readonly bytesPerSecond?: number | null | undefined;
}

interface Size {
  readonly records: number;
  readonly bytes: number;
}

/** Longer timers overflow and fire at once; the wait is looked at anew after each. */
const longestTimer = 60_000;
/** Between two waits for the rates lies the moment of an admission: it is no end of being throttled. */
const throttledMillis = 2000;

/**
 * The speed that transfers side by side share: slots for batches in flight, records and bytes per second, and pauses.
 * `limits` may be replaced at any time: also those who wait already obey the new ones.
 */
export class Pacing<L extends Limits = Limits> {
  private current: L;
  private paused = false;
  private inFlight = 0;
  /** What was admitted last, or at a change of the limits what of it was not paid for yet. */
  private owed: Size & { readonly since: number } = { since: 0, records: 0, bytes: 0 };
  private throttledAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private readonly forAdmission = new WaitingLine<Size>();
  private readonly forSlot = new WaitingLine<void>();
  private readonly forResumption = new WaitingLine<void>();

  constructor(limits: L) {
    this.current = limits;
  }

  get limits(): L {
    return this.current;
  }

  set limits(limits: L) {
    this.owed = this.unpaid();
    this.current = limits;
    this.admitAllowed();
    this.handOut();
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** Whether the rates hold batches back, now or a moment ago. */
  get isThrottled(): boolean {
    const waits = this.forAdmission.length > 0 && !this.paused;
    return waits || performance.now() - this.throttledAt < throttledMillis;
  }

  /** From now on nothing is admitted and nobody gets a slot; who has one keeps it. */
  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    while (this.forResumption.length > 0) this.forResumption.letFirstGo();
    this.admitAllowed();
    this.handOut();
  }

  /** Resolves at once unless it is paused; rejects with AbortError when `signal` aborts before it is resumed. */
  async unpaused(signal: AbortSignal): Promise<void> {
    while (this.paused) await this.forResumption.join(undefined, signal);
  }

  /**
   * Waits, in turn, until the rates allow a batch of this size; rejects with AbortError when `signal` aborts meanwhile.
   */
  async admit(records: number, bytes: number, signal: AbortSignal): Promise<void> {
    const admitted = this.forAdmission.join({ records, bytes }, signal);
    this.admitAllowed();
    try {
      await admitted;
    } catch (error) {
      this.admitAllowed(); // nobody may be left for whom the timer runs
      throw error;
    }
  }

  /**
   * Bytes of a batch that were known only when it had been admitted: the next one waits as long as they are worth, too.
   */
  charge(bytes: number): void {
    const unpaid = this.unpaid();
    this.owed = { ...unpaid, bytes: unpaid.bytes + bytes };
    this.admitAllowed(); // the timer was set for less
  }

  /**
   * Takes one of the slots, first come first served, and returns what frees it; rejects with AbortError when aborted
   * while waiting.
   */
  async takeSlot(signal: AbortSignal): Promise<() => void> {
    const taken = this.forSlot.join(undefined, signal);
    this.handOut();
    await taken;
    return () => {
      this.inFlight--;
      this.handOut();
    };
  }

  /**
   * A batch is admitted when the one before it has been paid for, by the limits as they are now: time in which nothing
   * was admitted is not saved up for a burst, and a change of the limits shortens or prolongs the wait.
   */
  private admitAllowed(): void {
    clearTimeout(this.timer);
    while (this.forAdmission.length > 0 && !this.paused) {
      const wait = this.owedMillis();
      if (wait > 0) {
        this.timer = setTimeout(() => this.waited(), Math.min(Math.ceil(wait), longestTimer));
        return;
      }
      this.owed = { since: performance.now(), ...this.forAdmission.letFirstGo() };
    }
  }

  private waited(): void {
    this.throttledAt = performance.now();
    this.admitAllowed();
  }

  private owedMillis(): number {
    return Math.max(0, this.owed.since + this.millisFor(this.owed) - performance.now());
  }

  /** What is not paid for yet, from now on: the same time as before at the limits of now. */
  private unpaid(): Size & { readonly since: number } {
    const share = this.owedMillis() / this.millisFor(this.owed) || 0; // 0/0 where nothing limits
    const { records, bytes } = this.owed;
    return { since: performance.now(), records: share * records, bytes: share * bytes };
  }

  private millisFor({ records, bytes }: Size): number {
    const { recordsPerSecond, bytesPerSecond } = this.current;
    return 1000 * Math.max(records / (recordsPerSecond ?? Infinity), bytes / (bytesPerSecond ?? Infinity));
  }

  /**
   * Gives free slots to those who wait, in their order. A newcomer that got one before them could wait in it, for ever,
   * for the batch before it that has none.
   */
  private handOut(): void {
    while (this.forSlot.length > 0 && !this.paused && this.inFlight < this.current.concurrency) {
      this.inFlight++;
      this.forSlot.letFirstGo();
    }
  }
}
