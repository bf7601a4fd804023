/** A part of a run that is through. */
export interface Finished {
  readonly millis: number;
  readonly bytes: number;
}

export interface Remaining {
  /** Parts that have not begun. */
  readonly parts: number;
  readonly bytes: number;
}

const leastFinished = 3;

/**
 * How long the rest takes when each part costs a time of its own (an index, a refresh, a lock) beside that of its
 * bytes: both are taken from the finished parts by the line that fits them best, and divided by how many parts went
 * side by side. Undefined while too few are finished to tell.
 */
export function estimateMillis(
  finished: readonly Finished[],
  remaining: Remaining,
  elapsedMillis: number,
): number | undefined {
  if (finished.length < leastFinished || elapsedMillis <= 0) return undefined;
  const { perPart, perByte } = bestLine(finished);
  const worked = finished.reduce((sum, { millis }) => sum + millis, 0);
  const sideBySide = Math.max(1, worked / elapsedMillis);
  return (perPart * remaining.parts + perByte * remaining.bytes) / sideBySide;
}

/** Least squares, with neither cost below nothing. */
function bestLine(finished: readonly Finished[]): { perPart: number; perByte: number } {
  const mean = (of: (part: Finished) => number): number =>
    finished.reduce((sum, part) => sum + of(part), 0) / finished.length;
  const [bytes, millis] = [mean((part) => part.bytes), mean((part) => part.millis)];
  const variance = mean((part) => (part.bytes - bytes) ** 2);
  if (variance === 0) return { perPart: millis, perByte: 0 };
  const slope = mean((part) => (part.bytes - bytes) * (part.millis - millis)) / variance;
  if (slope <= 0) return { perPart: millis, perByte: 0 };
  const start = millis - slope * bytes;
  return start >= 0 ? { perPart: start, perByte: slope } : { perPart: 0, perByte: millis / bytes };
}
