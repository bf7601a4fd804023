import { dirtyEntriesOf } from "../../state/dirty/dirty-rows.ts";
import { purgedPlaces } from "../../state/cleanup/purged-rows.ts";
import { type SourceTable, zoneOf } from "../../partitions/source-schema.ts";
import { type DirtyRecord, dirtyRecords, type Place } from "./dirty-records.ts";
import type { DirtyRun } from "../dirty-run.ts";
import { explainGone, planDeleted, planVanished } from "./gone-records.ts";
import { hasDocument } from "./has-document.ts";
import { withKnownPlaces } from "./known-places.ts";
import type { PlannedRecord } from "./planned-record.ts";

/**
 * What follows for records whose row is gone. A note of a deletion is always the platform's own, also of a row that was
 * purged and saved again: a purge leaves none, and is not done while one waits.
 */
export async function planGone(
  dirty: DirtyRun,
  source: SourceTable,
  records: readonly DirtyRecord[],
): Promise<PlannedRecord[]> {
  const { state } = dirty.copy.connections;
  const explained = await explain(
    dirty,
    source,
    records.filter(({ isDeleted }) => !isDeleted),
  );
  const deleted = await withKnownPlaces(dirty, source, [
    ...records.filter(({ isDeleted }) => isDeleted),
    ...explained.deleted,
  ]);
  const purged = await purgedPlaces(
    state,
    source.logType.dataType,
    explained.vanished.map(({ id }) => id),
  );
  const keep = dirty.followDeletes ? undefined : await documentsToKeep(dirty, source, deleted);
  return [
    ...explained.vanished.map((record) => planVanished(record, purged.get(record.id))),
    ...deleted.map((record) => planDeleted(record, keep?.get(record.id), keep === undefined)),
  ];
}

/**
 * Rows are gone, and their delete is not among the entries read. It was committed before the row was missed, so it can
 * be read now. Where no entry has come at all, it was not recorded and nothing is known; where others have come, they
 * wait for the next pass.
 */
async function explain(
  { copy: { connections } }: DirtyRun,
  source: SourceTable,
  records: readonly DirtyRecord[],
): Promise<{ deleted: DirtyRecord[]; vanished: DirtyRecord[] }> {
  const entries = await dirtyEntriesOf(
    connections.state,
    source.logType.dataType,
    records.map(({ id }) => id),
    zoneOf(source, connections.settings.sourceTimeZone),
  );
  return explainGone(records, dirtyRecords(entries));
}

/**
 * Where the document of each record is that is kept: of several places the newest that has one, for a row may have been
 * deleted before its document followed it there.
 */
async function documentsToKeep(
  dirty: DirtyRun,
  source: SourceTable,
  deleted: readonly DirtyRecord[],
): Promise<Map<string, Place>> {
  const keep = new Map<string, Place>();
  for (const { id, places } of deleted) {
    for (const place of places) {
      if (places.length > 1 && !(await hasDocument(dirty, source, place, id))) continue;
      keep.set(id, place);
      break;
    }
  }
  return keep;
}
