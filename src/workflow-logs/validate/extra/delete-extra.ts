import { countCreatedWithin } from "../../../stores/elasticsearch/documents/document-ids.ts";
import { deleteOlder } from "../../copying/delete-older.ts";
import { sourceVersion } from "../../documents/source-version.ts";
import { listPartitions, uncountCopied } from "../../state/partitions/partitions.ts";
import { voidProofs } from "../../state/validate/proofs.ts";
import { countDifferences, settleDifferences } from "../../state/validate/differences.ts";
import { countPurged } from "../../state/validate/purged-and-deleted-ids.ts";
import { type Partition, partitionKey } from "../../partitions/log-types.ts";
import { whenFree } from "../../partitions/partition-lock.ts";
import { isFromBefore } from "./from-before.ts";
import { extraIds, stillExtra } from "./extra-documents.ts";
import type { PartitionPlan } from "../plan.ts";
import type { RowCheck } from "../row-check.ts";
import { partitionCheck, type ValidateRun } from "../validate-run.ts";

/**
 * Deletes exactly the documents that this run found to have no row, each looked at once more. A partition of which rows
 * were purged keeps all of its documents: they are the only copy.
 */
export async function deleteExtra(
  validation: ValidateRun,
  plans: readonly PartitionPlan[],
  signal: AbortSignal,
): Promise<void> {
  for (const plan of plans) {
    const found = validation.counters.resultOf(plan);
    if (found === undefined || found.extra === 0) continue;
    signal.throwIfAborted();
    const partition: Partition = { dataType: plan.dataType, tenantId: plan.tenantId, month: plan.month };
    await whenFree(validation.run, partition, () => deleteLocked(validation, plan, partition, signal));
  }
}

async function deleteLocked(
  validation: ValidateRun,
  plan: PartitionPlan,
  partition: Partition,
  signal: AbortSignal,
): Promise<void> {
  const { connections, counters } = validation;
  const { state, elasticsearch } = connections;
  const check = partitionCheck(validation, plan.keys.source, partition, { hasIndex: true, snapshot: undefined });
  if (await wasPurged(validation, partition)) {
    counters.warn(
      `Documents of ${partitionKey(partition)} are not deleted: rows of it were purged, so they may be the only copy.`,
    );
    return;
  }
  if (await isFromBefore(connections, check.target.index)) {
    counters.warn(
      `Documents of ${partitionKey(partition)} are not deleted: this database was restored or copied, so they may have had rows that it knows nothing of.`,
    );
    return;
  }
  if ((await check.target.find()) === undefined) return;
  await voidProofs(state, partition);
  for await (const ids of extraIds(check)) {
    if (signal.aborted) break;
    await check.pacing.unpaused(signal);
    const version = await sourceVersion(connections.postgres);
    const extra = await stillExtra(check, ids);
    const deleted = await deleteOlder(connections, check.target.index, extra, version, check.runId);
    await uncountCopied(state, partition, deleted.length);
    await settle(check, ids, extra);
  }
  await check.target.refresh();
  const target = await countCreatedWithin(elasticsearch, check.target.index, plan.within);
  const counts = await countDifferences(state, check);
  counters.found(partition, { ...counters.resultOf(partition)!, ...counts, target });
}

async function settle(check: RowCheck, ids: readonly string[], deleted: readonly string[]): Promise<void> {
  const gone = new Set(deleted);
  const kinds = ["extra"] as const;
  await settleDifferences(check.state, check, { kinds, gone: deleted, still: [], resolved: "deleted" });
  await settleDifferences(check.state, check, { kinds, gone: ids.filter((id) => !gone.has(id)), still: [] });
}

async function wasPurged({ connections: { state } }: ValidateRun, partition: Partition): Promise<boolean> {
  const known = (await listPartitions(state, [partition.tenantId])).find(
    (record) => partitionKey(record as Partition) === partitionKey(partition),
  );
  return known?.state === "purging" || known?.state === "purged" || (await countPurged(state, partition)) > 0;
}
