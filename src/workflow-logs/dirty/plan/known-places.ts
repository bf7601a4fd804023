import { deletedRowsOf } from "../../state/dirty/deleted-rows.ts";
import { purgedPlaces } from "../../state/cleanup/purged-rows.ts";
import type { SourceTable } from "../../partitions/source-schema.ts";
import { type DirtyRecord, isSamePlace, type Place } from "./dirty-records.ts";
import type { DirtyRun } from "../dirty-run.ts";

/**
 * The records, with the places where documents of theirs were left when their row went: kept after a deletion, or
 * purged. One may lie elsewhere than its row, which has come again. Such a place comes behind those that the notes
 * name.
 */
export async function withKnownPlaces(
  { copy }: DirtyRun,
  source: SourceTable,
  records: readonly DirtyRecord[],
): Promise<DirtyRecord[]> {
  const ids = records.map(({ id }) => id);
  const { state } = copy.connections;
  const kept = await deletedRowsOf(state, source.logType.dataType, ids);
  const keptAt = new Map(kept.map(({ id, tenantId, month, createdAt }) => [id, { tenantId, month, createdAt }]));
  const purgedAt = await purgedPlaces(state, source.logType.dataType, ids);
  return records.map((record) => {
    const places: Place[] = [...record.places];
    for (const place of [keptAt.get(record.id), purgedAt.get(record.id)])
      if (place !== undefined && !places.some((known) => isSamePlace(known, place))) places.push(place);
    return { ...record, places };
  });
}
