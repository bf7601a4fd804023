import type { Client } from "@elastic/elasticsearch";
import { indexUuid } from "../../stores/elasticsearch/indices/delete-index.ts";
import { deletePart } from "../../stores/elasticsearch/documents/delete-part.ts";
import { countDocuments, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { placeOf } from "../../stores/elasticsearch/indices/place.ts";
import { type DecidedDeletion, endDeletion, finishDeletion, openDeletions } from "../state/retention/deletions.ts";
import type { Run } from "../../runs/run.ts";
import type { Connections } from "../connections.ts";
import type { Partition } from "../partitions/log-types.ts";
import { withPartition } from "../partitions/partition-lock.ts";

/**
 * Brings deletions that a dead sweep left open to their end: an index that is gone is `deleted` and its partition
 * `expired`, so that it is not copied again; one that is still there is as if nobody had wanted it gone. Those of a
 * sweep under way are left to it.
 */
export async function settleDeletions({ state, elasticsearch }: Connections, run: Run): Promise<void> {
  for (const found of await openDeletions(state)) {
    const partition = found as typeof found & Partition;
    await withPartition(run, partition, async () => {
      const open = (await openDeletions(state, [found.tenantId])).some(({ id }) => id === found.id);
      if (!open) return;
      const uuid = await indexUuid(elasticsearch, found.indexName);
      if (uuid === undefined) await finishDeletion(state, found, run.id);
      else if (uuid === found.indexUuid && (await isPartGone(elasticsearch, found, run.signal)))
        await finishDeletion(state, found, run.id);
      else await endDeletion(state, found.id, uuid === found.indexUuid ? "retracted" : "deleted");
    });
  }
}

/**
 * Whether the documents of a part of a shared index are gone. Those of which some were deleted all go: what was decided
 * was begun, and half of a month is nobody's.
 */
async function isPartGone(
  client: Client,
  { indexName: name, documents }: DecidedDeletion,
  signal: AbortSignal,
): Promise<boolean> {
  if (placeOf(name).tenantId === undefined) return false;
  await refreshIndex(client, name);
  const left = await countDocuments(client, name);
  if (left === 0) return true;
  return left < documents && (await deletePart(client, name, signal)) === undefined;
}
