import type { DirtyEntry } from "../../state/dirty/dirty-rows.ts";
import { type LocatedRow, PostgresLogs } from "../../rows/postgres-logs.ts";
import { partitionRange } from "../../partitions/scope.ts";
import type { SourceTable } from "../../partitions/source-schema.ts";
import { type DirtyRecord, dirtyRecords } from "./dirty-records.ts";
import { type DirtyRun, partitionOf } from "../dirty-run.ts";
import { withKnownPlaces } from "./known-places.ts";
import { planGone } from "./plan-gone.ts";
import type { PlannedRecord } from "./planned-record.ts";

/**
 * Looks up where the rows of the entries are now and decides what follows. Records that have to wait, and for others,
 * are not in it.
 */
export async function planBatch(
  dirty: DirtyRun,
  source: SourceTable,
  entries: readonly DirtyEntry[],
): Promise<PlannedRecord[]> {
  const { postgres, settings } = dirty.copy.connections;
  const records = dirtyRecords(entries);
  const ids = records.map(({ id }) => id);
  const rows = await new PostgresLogs(postgres, source).locate(ids, settings.sourceTimeZone);
  const there = records.filter(({ id }) => rows.has(id));
  const gone = records.filter(({ id }) => !rows.has(id));
  const planned = [
    ...(await planRows(dirty, await withKnownPlaces(dirty, source, there), rows)),
    ...(await planGone(dirty, source, gone)),
  ];
  return planned.filter((one) => concerns(dirty, source, one));
}

async function planRows(
  { tenants, counters }: DirtyRun,
  records: readonly DirtyRecord[],
  rows: ReadonlyMap<string, LocatedRow>,
): Promise<PlannedRecord[]> {
  const { others, canForget } = await tenants.others([...rows.values()].map(({ tenantId }) => tenantId));
  const planned = records.map((record): PlannedRecord => {
    const { tenantId, month, createdAt } = rows.get(record.id)!;
    const remove = record.places.filter((place) => place.tenantId !== tenantId || place.month !== month);
    const plan = { record, isGone: false, remove, isDeletion: false };
    if (tenantId === "") return { ...plan, isUnarchivable: true };
    if (others.has(tenantId)) return { ...plan, dropped: "other_tenant" };
    return month === null ? { ...plan, isUnarchivable: true } : { ...plan, write: { tenantId, month, createdAt } };
  });
  if (canForget) return planned;
  const decided = planned.filter(({ dropped }) => dropped === undefined);
  counters.waitFor("a migration is at work that may archive their tenant", planned.length - decided.length);
  return decided;
}

/** Whether the record is, or was, in a month that the scope speaks of; another is left for whom it concerns. */
function concerns({ scope }: DirtyRun, source: SourceTable, { record, write }: PlannedRecord): boolean {
  if (scope.start === undefined && scope.end === undefined) return true;
  const places = write === undefined ? record.places : [write, ...record.places];
  return places.some((place) => partitionRange(partitionOf(source, place), scope, "UTC") !== undefined);
}
