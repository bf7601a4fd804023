import { UTCDate } from "@date-fns/utc";
import type { IndexContents } from "../../stores/elasticsearch/indices/newest-document.ts";
import { monthBounds } from "../partitions/months.ts";

const millisPerDay = 86_400_000;

/**
 * A row may be committed late, with the created_at of a month that has just ended, and migrate looks for such rows for
 * two hours. A day leaves long transactions and queues ten times that.
 */
const lateRowsMillis = millisPerDay;

/** What is created before it is past its retention: the instant `days` times 24 hours before now. */
export function cutoffOf(now: Date, days: number): Date {
  return new Date(now.getTime() - days * millisPerDay);
}

export type AgeReason = "within_retention" | "month_open" | "newest_unknown";

/** Why an index stays because of its month alone; undefined when its documents have to be asked. */
export function keptByMonth(month: string, days: number, now: Date): AgeReason | undefined {
  const end = monthEnd(month);
  if (end > cutoffOf(now, days).getTime()) return "within_retention"; // late rows of it would be younger than the days
  if (end + lateRowsMillis > now.getTime()) return "month_open";
  return undefined;
}

/** The first instant at which `keptByMonth` keeps no index of the month. */
export function dueAt(month: string, days: number): Date {
  return new Date(monthEnd(month) + Math.max(days * millisPerDay, lateRowsMillis));
}

/**
 * Why an index whose month is past stays because of its documents; undefined when all of them were created before the
 * cutoff.
 */
export function keptByDocuments({ newest }: IndexContents, days: number, now: Date): AgeReason | undefined {
  if (newest === null) return undefined; // it is empty: its month has said enough
  if (newest === undefined) return "newest_unknown";
  // The cutoff is a whole millisecond, so the digits that Date.parse leaves off decide nothing.
  const millis = Date.parse(newest);
  if (Number.isNaN(millis)) return "newest_unknown";
  return millis < cutoffOf(now, days).getTime() ? undefined : "within_retention";
}

function monthEnd(month: string): number {
  return new UTCDate(`${isoMonthEnd(month)}T00:00:00Z`).getTime();
}

/** The first day of the next month as an ISO date. */
function isoMonthEnd(month: string): string {
  const day = monthBounds(month).to.slice(0, -" 00:00:00.000000".length);
  return day.length > 10 ? `+0${day}` : day; // December 9999 ends in year 10000
}
