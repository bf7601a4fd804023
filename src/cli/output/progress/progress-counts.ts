import { estimateMillis, type Finished } from "./estimate.ts";
import { formatBytes, formatCount, formatDuration, formatPercent } from "../format.ts";
import { add, newTally, pace, type Tally } from "./tally.ts";

interface ActivePartition {
  readonly label: string;
  readonly tally: Tally;
  readonly startedAt: number;
}

/** The counts behind both kinds of progress: the whole run and each active partition. */
export interface ProgressCounts {
  readonly whole: Tally;
  readonly active: Map<string, ActivePartition>;
  readonly finished: Finished[];
  /** Of how many; undefined where the use case does not know. */
  partitions: number | undefined;
  readonly startedAt: number;
}

export function newCounts(now: number): ProgressCounts {
  return { whole: newTally(0), active: new Map(), finished: [], partitions: undefined, startedAt: now };
}

export function plan(counts: ProgressCounts, totalRows: number, totalPartitions: number | undefined): void {
  counts.whole.total = Math.max(totalRows, counts.whole.done);
  counts.partitions = totalPartitions;
}

export interface StartedPartition {
  readonly key: string;
  readonly label: string;
  readonly totalRows: number;
  readonly doneRows: number;
}

export function start(
  { whole, active }: ProgressCounts,
  { key, label, totalRows, doneRows }: StartedPartition,
  now: number,
): void {
  active.set(key, { label, tally: newTally(Math.max(totalRows, doneRows), doneRows), startedAt: now });
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
  if (partition) add(partition.tally, rows, bytes, now);
}

/**
 * Rows that were counted and did not come, because they were skipped or deleted meanwhile, count as done in the whole.
 */
export function finish({ whole, active, finished }: ProgressCounts, key: string, now: number): void {
  const partition = active.get(key);
  if (!partition) return;
  const { tally, startedAt } = partition;
  active.delete(key);
  finished.push({ millis: now - startedAt, bytes: tally.bytes });
  whole.done = Math.min(whole.total, whole.done + tally.total - tally.done);
}

/** `1,200 of 3,000 rows (40.00%), 600 rows/s, 1.2 MiB/s, 3s left, 4 of 12 partitions` */
export function describeWhole(counts: ProgressCounts, now: number): string {
  const { rows, percent, rate, left, partitions } = wholeParts(counts, now);
  return [`${rows} (${percent})`, ...rate, left, ...partitions].join(", ");
}

/**
 * What is known of the whole, in the order in which an operator wants it: the rest is what a narrow terminal leaves
 * out.
 */
export function wholeParts(counts: ProgressCounts, now: number) {
  const { whole, startedAt } = counts;
  const { rowsPerSecond, bytesPerSecond } = pace(whole, startedAt, now);
  const millis = remainingMillis(counts, now);
  return {
    percent: formatPercent(whole.done, whole.total),
    left: millis === undefined ? "time left unknown" : `${formatDuration(millis)} left`,
    rate: [`${formatCount(rowsPerSecond)} rows/s`, `${formatBytes(Math.round(bytesPerSecond))}/s`],
    rows: `${formatCount(whole.done)} of ${formatCount(whole.total)} rows`,
    partitions:
      counts.partitions === undefined
        ? []
        : [`${formatCount(counts.finished.length)} of ${formatCount(counts.partitions)} partitions`],
  };
}

/** By bytes and partitions where enough of them are through, else by the rows of the last half minute. */
function remainingMillis(
  { whole, active, finished, partitions, startedAt }: ProgressCounts,
  now: number,
): number | undefined {
  const { remainingMillis: byRows } = pace(whole, startedAt, now);
  if (partitions === undefined || whole.counted === 0) return byRows;
  const bytes = (whole.bytes / whole.counted) * (whole.total - whole.done);
  const parts = Math.max(0, partitions - finished.length - active.size);
  return estimateMillis(finished, { parts, bytes }, now - startedAt) ?? byRows;
}
