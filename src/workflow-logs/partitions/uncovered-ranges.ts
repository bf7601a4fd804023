import type { ConfirmedRange } from "../state/partitions/checkpoints.ts";
import type { TimeRange } from "./scope.ts";

/** A part of a partition that no checkpoint covers. Rows of `extends`, if there is one, end where this begins. */
export interface UncoveredRange extends TimeRange {
  readonly extends: ConfirmedRange | undefined;
  /** The confirmed range that begins where this one ends, to be joined when all between is copied. */
  readonly upTo: ConfirmedRange | undefined;
}

/**
 * What is left to copy of `range`, oldest first. `confirmed` is ordered and without overlap. The instant a confirmed
 * range ends at is never taken for covered: rows with the same created_at and a later id may follow.
 */
export function uncoveredRanges(range: TimeRange, confirmed: readonly ConfirmedRange[]): UncoveredRange[] {
  const uncovered: UncoveredRange[] = [];
  let from = range.from;
  let before: ConfirmedRange | undefined;
  for (const next of confirmed) {
    if (next.createdAt < from) continue;
    if (compareBound(next.start, range.to) >= 0) break;
    if (next.start > from || before !== undefined) {
      uncovered.push({ from, to: next.start, extends: before, upTo: next });
    }
    before = next;
    from = next.createdAt;
  }
  if (compareBound(from, range.to) < 0) uncovered.push({ from, to: range.to, extends: before, upTo: undefined });
  return uncovered;
}

/** Text compare of timestamps, but for the one bound with a five-digit year. */
function compareBound(a: string, b: string): number {
  return a.length === b.length ? (a < b ? -1 : a > b ? 1 : 0) : a.length - b.length;
}
