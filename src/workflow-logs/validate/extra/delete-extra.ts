import { countCreatedWithin } from "../../../stores/elasticsearch/documents/document-ids.ts";
import { deleteOlder } from "../../copying/delete-older.ts";
import { sourceVersion } from "../../documents/source-version.ts";
import { listPartitions, uncountCopied } from "../../state/partitions/partitions.ts";
import { voidProofs } from "../../state/validate/proofs.ts";
import { countDifferences, settleDifferences, unresolvedIds } from "../../state/validate/differences.ts";
import { countPurged } from "../../state/validate/purged-and-deleted-ids.ts";
import { type Partition, partitionKey } from "../../partitions/log-types.ts";
import { whenFree } from "../../partitions/partition-lock.ts";
import { isFromBefore } from "./from-before.ts";
import { homesOfDoubled } from "./doubled-documents.ts";
import { idsPerPage, stillExtra } from "./extra-documents.ts";
import type { PartitionPlan } from "../plan.ts";
import { partitionCheck, type ValidateRun } from "../validate-run.ts";

const kinds = ["extra", "doubled"] as const;

/**
 * Deletes exactly the documents that this run found to have no row, each looked at once more. Of a partition from which
 * rows were purged only doubled documents go: any other one may be an only copy.
 */
export async function deleteExtra(
  validation: ValidateRun,
  plans: readonly PartitionPlan[],
  signal: AbortSignal,
): Promise<void> {
  for (const plan of plans) {
    const found = validation.counters.resultOf(plan);
    if (found === undefined || found.extra + found.doubled === 0) continue;
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
  if (await isFromBefore(connections, check.target.index)) {
    counters.warn(
      `Documents of ${partitionKey(partition)} are not deleted: this database was restored or copied, so they may have had rows that it knows nothing of.`,
    );
    return;
  }
  if ((await check.target.find()) === undefined) return;
  await voidProofs(state, partition);
  const isPurged = await wasPurged(validation, partition);
  let spared = 0;
  for await (const ids of unresolvedIds(state, check, kinds, idsPerPage)) {
    if (signal.aborted) break;
    await check.pacing.unpaused(signal);
    // before the row is looked for: a document of a row that is read later stays
    const version = await sourceVersion(connections.postgres);
    const extra = await stillExtra(check, ids);
    const removable = isPurged ? [...(await homesOfDoubled(check, extra)).keys()] : extra;
    spared += extra.length - removable.length;
    const deleted = await deleteOlder(connections, check.target.index, removable, version, check.runId);
    await uncountCopied(state, partition, deleted.length);
    const left = new Set(extra);
    await settleDifferences(state, check, { kinds, gone: removable, still: [], resolved: "deleted" });
    await settleDifferences(state, check, { kinds, gone: ids.filter((id) => !left.has(id)), still: [] });
  }
  if (spared > 0)
    counters.warn(
      `${spared} documents of ${partitionKey(partition)} are not deleted: rows of it were purged, so they may be the only copy.`,
    );
  await check.target.refresh();
  const target = await countCreatedWithin(elasticsearch, check.target.index, plan.within);
  const counts = await countDifferences(state, check);
  counters.found(partition, { ...counters.resultOf(partition)!, ...counts, target });
}

async function wasPurged({ connections: { state } }: ValidateRun, partition: Partition): Promise<boolean> {
  const known = (await listPartitions(state, [partition.tenantId])).find(
    (record) => partitionKey(record as Partition) === partitionKey(partition),
  );
  return known?.state === "purging" || known?.state === "purged" || (await countPurged(state, partition)) > 0;
}
