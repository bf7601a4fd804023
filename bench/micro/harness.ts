import { median } from "../support/statistics.ts";

/** One step of the path of a row, over all rows of the sample. */
export interface Step {
  readonly name: string;
  readonly rows: number;
  /** Bytes that it reads. */
  readonly bytes: number;
  /** Does it for every row; what it returns keeps the work from being optimised away. */
  readonly work: () => unknown;
}

export interface StepResult {
  readonly name: string;
  readonly nanosPerRow: number;
  readonly megabytesPerSecond: number;
}

const warmUpMillis = 400;
const samples = 7;
const sampleMillis = 100;

/** Holds what was done last: work of which nothing is used might not be done. */
const last: { result: unknown } = { result: undefined };

/** The median of several samples, each long enough to be measured, after the compiler has had time to optimise. */
export function time({ name, rows, bytes, work }: Step): StepResult {
  repeat(work, warmUpMillis);
  const millis = median(Array.from({ length: samples }, () => repeat(work, sampleMillis)));
  return { name, nanosPerRow: (1e6 * millis) / rows, megabytesPerSecond: bytes / 1e6 / (millis / 1000) };
}

/**
 * Milliseconds of processor time, the collector's included, that one turn took. Others on the machine slow the clock,
 * but hardly this.
 */
function repeat(work: () => unknown, millis: number): number {
  const started = process.cpuUsage();
  for (let turns = 1; ; turns++) {
    last.result = work();
    const { user, system } = process.cpuUsage(started);
    const spent = (user + system) / 1000;
    if (spent >= millis) return spent / turns;
  }
}
