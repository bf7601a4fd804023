import { deletedRowsOf } from "../state/deleted-rows.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { type DirtyRecord, isSamePlace } from "./dirty-records.ts";
import type { DirtyRun } from "./dirty-run.ts";

/** The records, with the places of documents that were kept: one may lie elsewhere than its row, which has come again. */
export async function withKeptDocuments(
  { copy }: DirtyRun,
  source: SourceTable,
  records: readonly DirtyRecord[],
): Promise<DirtyRecord[]> {
  const ids = records.map(({ id }) => id);
  const kept = await deletedRowsOf(copy.connections.state, source.logType.dataType, ids);
  const placeOf = new Map(kept.map(({ id, tenantId, month, createdAt }) => [id, { tenantId, month, createdAt }]));
  return records.map((record) => {
    const place = placeOf.get(record.id);
    const isNew = place !== undefined && !record.places.some((known) => isSamePlace(known, place));
    return isNew ? { ...record, places: [...record.places, place] } : record;
  });
}
