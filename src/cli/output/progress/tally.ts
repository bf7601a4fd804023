const windowMillis = 30_000;

/**
 * Counts of one partition or of the whole run, and the pace of the last half minute. Rows done by earlier runs do not
 * count as pace.
 */
export interface Tally {
  total: number;
  done: number;
  /** Of those done, what came since the start of this run. */
  counted: number;
  bytes: number;
  readonly samples: { at: number; rows: number; bytes: number }[];
}

export function newTally(total: number, done = 0): Tally {
  return { total, done, counted: 0, bytes: 0, samples: [] };
}

/** Rows beyond the total raise it: the source grows while it is copied. */
export function add(tally: Tally, rows: number, bytes: number, now: number): void {
  tally.done += rows;
  tally.counted += rows;
  tally.total = Math.max(tally.total, tally.done);
  tally.bytes += bytes;
  const last = tally.samples.at(-1);
  // One sample a second keeps the window small however fast batches are.
  if (last && now - last.at < 1000) Object.assign(last, { rows: last.rows + rows, bytes: last.bytes + bytes });
  else tally.samples.push({ at: now, rows, bytes });
}

export interface Pace {
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Undefined while nothing moves. */
  readonly remainingMillis: number | undefined;
}

/** Measured since `startedAt` when that is less than half a minute ago. */
export function pace(tally: Tally, startedAt: number, now: number): Pace {
  const since = Math.max(startedAt, now - windowMillis);
  while (tally.samples[0] && tally.samples[0].at < since) tally.samples.shift();
  const seconds = Math.max(now - since, 1000) / 1000;
  const sum = (part: "rows" | "bytes"): number => tally.samples.reduce((total, sample) => total + sample[part], 0);
  const rowsPerSecond = sum("rows") / seconds;
  const remaining = tally.total - tally.done;
  return {
    rowsPerSecond,
    bytesPerSecond: sum("bytes") / seconds,
    remainingMillis: rowsPerSecond > 0 ? (remaining / rowsPerSecond) * 1000 : undefined,
  };
}
