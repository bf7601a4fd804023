import { backOff } from "../../../../engine/back-off.ts";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connections } from "../../../connections.ts";
import { carryOutDeletes } from "./carry-out-deletes.ts";
import { within } from "../within.ts";

const pauses = { first: 500, longest: 30_000 };

/**
 * Carries out requested deletes in the background, again and again until none is left; those of a process that died
 * among them.
 */
export class DeleteFollower {
  failures = 0;
  private readonly connections: Connections;
  private working: Promise<void> | undefined;
  private isAwaited = false;
  private readonly closed = new AbortController();

  constructor(connections: Connections) {
    this.connections = connections;
  }

  get isWorking(): boolean {
    return this.working !== undefined;
  }

  /** Call when a delete was requested. */
  wake(): void {
    this.isAwaited = true;
    if (this.closed.signal.aborted) return;
    this.working ??= this.work().finally(() => {
      this.working = undefined;
      if (this.isAwaited) this.wake(); // one may have come just as the work ended
    });
  }

  async idle(): Promise<void> {
    while (this.working !== undefined) await this.working;
  }

  /** What is left stays requested: the next process of the application, or apply-dirty, carries it out. */
  async close(deadlineMillis: number): Promise<void> {
    await within(deadlineMillis, this.idle());
    this.closed.abort();
  }

  private async work(): Promise<void> {
    for (let tries = 1; this.isAwaited && !this.closed.signal.aborted; tries++) {
      this.isAwaited = false;
      try {
        if ((await carryOutDeletes(this.connections)) === 0) continue;
      } catch {
        this.failures++; // a store is away: they stay requested
      }
      this.isAwaited = true;
      await sleep(backOff(tries, pauses), undefined, { ref: false, signal: this.closed.signal }).catch(() => {});
    }
  }
}
