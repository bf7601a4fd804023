import { backOff } from "../../../engine/back-off.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { advanceGaps } from "../../state/capture.ts";
import type { StateDatabase } from "../../state/database.ts";
import { recordDirty } from "../../state/dirty/dirty-rows.ts";
import type { DataType } from "../../partitions/log-types.ts";
import { type RowName, rowKey } from "./row-name.ts";
import { within } from "./within.ts";

const pauses = { first: 100, longest: 5000 };

/**
 * Notes rows as dirty in PostgreSQL, where apply-dirty finds them. While PostgreSQL does not take the note it is tried
 * again; the rows that wait are bounded by what the application could write before PostgreSQL went.
 */
export class Repairs {
  recorded = 0;
  /** Notes that had to be given up; the gap counter says so where it could be reached. */
  lost = 0;
  private readonly state: StateDatabase;
  private readonly waiting = new Map<string, RowName>();
  private recording: Promise<void> | undefined;
  private readonly givenUp = new AbortController();

  constructor(state: StateDatabase) {
    this.state = state;
  }

  get waits(): number {
    return this.waiting.size;
  }

  add(rows: Iterable<RowName>): void {
    for (const row of rows) this.waiting.set(rowKey(row), row);
    this.start();
  }

  private start(): void {
    if (this.waiting.size === 0 || this.givenUp.signal.aborted) return;
    this.recording ??= this.record().finally(() => {
      this.recording = undefined;
      this.start(); // one may have come just as the work ended
    });
  }

  /** Resolves when everything is noted. */
  async idle(): Promise<void> {
    while (this.recording !== undefined) await this.recording;
  }

  /** What is not noted by the deadline is given up: then nothing counts as proven any more. */
  async close(deadlineMillis: number): Promise<void> {
    await within(deadlineMillis, this.idle());
    this.givenUp.abort();
    await this.idle();
    if (this.waiting.size === 0) return;
    this.lost += this.waiting.size;
    this.waiting.clear();
    await advanceGaps(this.state).catch(() => {}); // the counter `lost` still says it
  }

  private async record(): Promise<void> {
    for (let failures = 0; this.waiting.size > 0 && !this.givenUp.signal.aborted;) {
      try {
        await this.recordOnce();
        failures = 0;
      } catch {
        // PostgreSQL does not take it now: tried again, and given up by close alone
        const pause = backOff(++failures, pauses);
        await sleep(pause, undefined, { ref: false, signal: this.givenUp.signal }).catch(() => {});
      }
    }
  }

  private async recordOnce(): Promise<void> {
    const rows = [...this.waiting.values()];
    for (const [dataType, some] of Map.groupBy(rows, (row): DataType => row.dataType)) {
      await recordDirty(this.state, dataType, some);
      this.recorded += some.length;
      for (const row of some) if (this.waiting.get(rowKey(row)) === row) this.waiting.delete(rowKey(row));
    }
  }
}
