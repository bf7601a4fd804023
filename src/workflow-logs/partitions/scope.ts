import { utcToLocal } from "../documents/time-zone.ts";
import type { DataType, Partition } from "./log-types.ts";
import { monthBounds } from "./months.ts";

/**
 * Which logs a command is about. Times are UTC text `YYYY-MM-DD HH:MM:SS.ffffff`; `start` is inclusive, `end`
 * exclusive.
 */
export interface Scope {
  readonly dataTypes: readonly DataType[];
  /** Empty means every tenant that has rows. */
  readonly tenantIds: readonly string[];
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

/** Bounds of created_at, inclusive and exclusive, in the source's own time. */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

/** The part of the partition's month that lies in the scope; undefined when none does. */
export function partitionRange(partition: Partition, scope: Scope, timeZone: string): TimeRange | undefined {
  const month = monthBounds(partition.month);
  const from = scope.start !== undefined && scope.start > month.from ? scope.start : month.from;
  const to = scope.end !== undefined && endsBefore(scope.end, month.to) ? scope.end : month.to;
  if (from >= to && to.length === from.length) return undefined;
  return { from: utcToLocal(from, timeZone), to: utcToLocal(to, timeZone) };
}

/** Bounds of created_at of the partition, in the source's own time. */
export function wholeMonth(partition: Partition, timeZone: string): TimeRange {
  return partitionRange(partition, { dataTypes: [], tenantIds: [] }, timeZone)!;
}

/** Whether the scope speaks of some part of the partition. */
export function isInScope(partition: Partition, scope: Scope): boolean {
  return (
    scope.dataTypes.includes(partition.dataType) &&
    (scope.tenantIds.length === 0 || scope.tenantIds.includes(partition.tenantId)) &&
    partitionRange(partition, scope, "UTC") !== undefined
  );
}

export function coversWholeMonth(partition: Partition, scope: Scope): boolean {
  const month = monthBounds(partition.month);
  return (
    (scope.start === undefined || scope.start <= month.from) &&
    (scope.end === undefined || !endsBefore(scope.end, month.to))
  );
}

/** Text compare, but for the one bound with a five-digit year. */
function endsBefore(end: string, bound: string): boolean {
  return end.length < bound.length || (end.length === bound.length && end < bound);
}
