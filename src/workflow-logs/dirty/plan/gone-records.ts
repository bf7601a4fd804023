import { type DirtyRecord, isSamePlace, type Place } from "./dirty-records.ts";
import type { PlannedRecord } from "./planned-record.ts";

/**
 * What is known of records whose row is gone and whose delete is not among the entries read. `now` are the records that
 * the entries speak of by now: a delete that was committed before the row was missed is among them. One with other news
 * waits for the next pass, and is in neither list.
 */
export function explainGone(
  records: readonly DirtyRecord[],
  now: readonly DirtyRecord[],
): { deleted: DirtyRecord[]; vanished: DirtyRecord[] } {
  const known = new Map(now.map((record) => [record.id, record]));
  const hasNews = ({ id, versions }: DirtyRecord): boolean =>
    known.get(id)?.versions.some((version) => !versions.includes(version)) ?? false;
  return {
    deleted: records.flatMap(({ id }) => known.get(id) ?? []).filter(({ isDeleted }) => isDeleted),
    vanished: records.filter((record) => !hasNews(record)),
  };
}

/**
 * Nothing says that the row was deleted: it was purged, and its document stays in `home`, or its delete was not
 * recorded.
 */
export function planVanished(record: DirtyRecord, home: Place | undefined): PlannedRecord {
  const remove = home === undefined ? [] : record.places.filter((place) => !isSamePlace(place, home));
  const dropped = home === undefined ? "vanished" : "purged";
  return { record, isGone: true, remove, isDeletion: false, dropped };
}

/**
 * The platform deleted the row: its documents go, all but the one that is kept. `follows` says that deletions are to be
 * followed.
 */
export function planDeleted(record: DirtyRecord, keep: Place | undefined, follows: boolean): PlannedRecord {
  const remove = record.places.filter((place) => place !== keep);
  return { record, isGone: true, remove, isDeletion: follows, keep };
}
