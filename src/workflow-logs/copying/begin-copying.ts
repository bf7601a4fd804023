import { beginPartition, type KnownPartition } from "../state/partitions/partitions.ts";
import { awaitLateRequests } from "./late-requests.ts";
import type { RowCopy } from "./row-copy.ts";

/**
 * The partition's index exists, though it may take no documents (`beforeWrite` finds out), and the partition belongs to
 * the run of the copy; no request of a run that died with it is under way. The caller holds its lock.
 */
export async function beginCopying(
  { partition, runId, state, elasticsearch, target }: RowCopy,
  fromNothing: boolean,
  signal: AbortSignal,
): Promise<KnownPartition & { readonly indexUuid: string }> {
  await awaitLateRequests(state, elasticsearch, partition, signal);
  const { uuid } = (await target.find()) ?? (await target.ensure());
  const known = await beginPartition(state, partition, { name: target.index, uuid }, { id: runId, fromNothing });
  return { ...known, indexUuid: uuid };
}
