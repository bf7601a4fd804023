import type { TimeRange } from "../partitions/scope.ts";

/**
 * Whether a UTC time of the years 1 to 9999 lies in a range: text compare, but for the one bound with a five-digit
 * year.
 */
export function isWithin(time: string, { from, to }: TimeRange): boolean {
  return time >= from && (to.length > time.length || time < to);
}
