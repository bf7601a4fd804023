import { indexUuid } from "../../stores/elasticsearch/indices/delete-index.ts";
import { endDeletion, finishDeletion, openDeletions } from "../state/retention/deletions.ts";
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
      else await endDeletion(state, found.id, uuid === found.indexUuid ? "retracted" : "deleted");
    });
  }
}
