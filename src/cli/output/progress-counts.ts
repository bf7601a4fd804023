import { formatBytes, formatCount, formatDuration, formatPercent } from "./format.ts";
import { add, newTally, pace, type Tally } from "./tally.ts";

/** The counts behind both kinds of progress: the whole run and each active partition. */
export interface ProgressCounts {
  readonly whole: Tally;
  readonly active: Map<string, Tally>;
  readonly startedAt: number;
}

export function newCounts(now: number): ProgressCounts {
  return { whole: newTally(0), active: new Map(), startedAt: now };
}

export function start({ whole, active }: ProgressCounts, key: string, totalRows: number, doneRows: number): void {
  active.set(key, newTally(Math.max(totalRows, doneRows), doneRows));
  whole.done += doneRows;
  whole.total = Math.max(whole.total, whole.done);
}

export function advance(
  { whole, active }: ProgressCounts,
  key: string,
  rows: number,
  bytes: number,
  now: number,
): void {
  add(whole, rows, bytes, now);
  const partition = active.get(key);
  if (partition) add(partition, rows, bytes, now);
}

/** Rows that were counted and did not come, because they were skipped or deleted meanwhile, count as done in the whole. */
export function finish({ whole, active }: ProgressCounts, key: string): void {
  const partition = active.get(key);
  if (!partition) return;
  active.delete(key);
  whole.done = Math.min(whole.total, whole.done + partition.total - partition.done);
}

/** `1,200 of 3,000 rows (40.00%), 600 rows/s, 1.2 MiB/s, 3s left` */
export function describeWhole({ whole, startedAt }: ProgressCounts, now: number): string {
  const { rowsPerSecond, bytesPerSecond, remainingMillis } = pace(whole, startedAt, now);
  const left = remainingMillis === undefined ? "time left unknown" : `${formatDuration(remainingMillis)} left`;
  const share = `${formatCount(whole.done)} of ${formatCount(whole.total)} rows (${formatPercent(whole.done, whole.total)})`;
  return `${share}, ${formatCount(rowsPerSecond)} rows/s, ${formatBytes(Math.round(bytesPerSecond))}/s, ${left}`;
}
