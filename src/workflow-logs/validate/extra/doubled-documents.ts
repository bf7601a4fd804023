import { isSamePlace, type Place } from "../../dirty/plan/dirty-records.ts";
import { type Partition, partitionKey } from "../../partitions/log-types.ts";
import { purgedPlaces } from "../../state/cleanup/purged-rows.ts";
import { deletedRowsOf } from "../../state/dirty/deleted-rows.ts";
import { settleDifferences } from "../../state/validate/differences.ts";
import type { RowCheck } from "../row-check.ts";
import { possibleIds } from "./rows-of-ids.ts";

/**
 * Of documents that have no row in the partition, and nothing that says why, those whose id has another document: where
 * its row is, or where it was when it was purged or deleted. With them, where that is: the document there is the one
 * that counts.
 */
export async function homesOfDoubled(check: RowCheck, ids: readonly string[]): Promise<Map<string, Partition>> {
  const { state, source, partition, timeZone } = check;
  const { dataType } = partition;
  const places = new Map<string, Place>(await purgedPlaces(state, dataType, ids));
  for (const deleted of await deletedRowsOf(state, dataType, ids)) places.set(deleted.id, deleted);
  for (const [id, { tenantId, month }] of await source.locate(possibleIds(source, ids), timeZone))
    if (month !== null) places.set(id, { tenantId, month });

  const elsewhere = [...places].filter(([, place]) => !isSamePlace(place, partition));
  const homes = new Map<string, Partition>();
  for (const group of Map.groupBy(elsewhere, ([, place]) => `${place.tenantId}/${place.month}`).values()) {
    const { tenantId, month } = group[0]![1];
    const home: Partition = { dataType, tenantId, month };
    const target = check.targetOf(home);
    if ((await target.find()) === undefined) continue;
    for (const id of await target.existing(group.map(([one]) => one))) homes.set(id, home);
  }
  return homes;
}

/** Calls documents that were found to be extra by what they are, where their id has another one. */
export async function nameDoubled(check: RowCheck, ids: readonly string[]): Promise<void> {
  const homes = await homesOfDoubled(check, ids);
  const still = Array.from(homes, ([id, home]) => ({
    id,
    kind: "doubled" as const,
    columns: [],
    reason: `the document of this id that counts is in ${partitionKey(home)}`,
  }));
  await settleDifferences(check.state, check, { kinds: ["extra"], gone: [], still });
}
