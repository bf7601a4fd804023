import { indexObstacle } from "../../stores/elasticsearch/indices/index-obstacles.ts";
import type { ArchiveIndex } from "../../stores/elasticsearch/indices/index-list.ts";
import { monthBounds } from "../partitions/months.ts";
import type { Connections } from "../connections.ts";
import type { Partition } from "../partitions/log-types.ts";
import { hasOpenRows } from "../state/partitions/open-rows.ts";
import { readPartition } from "../state/partitions/partitions.ts";
import { validProof } from "../state/validate/proofs.ts";
import type { SealOptions } from "./options.ts";
import type { StayReason } from "./report.ts";

export interface Candidate extends Partition {
  readonly index: ArchiveIndex;
}

const millisPerDay = 86_400_000;

/** Why the month stays as it is by its name and its index alone; undefined when the state and the index decide. */
export function stayByName(
  { month, index }: Candidate,
  { olderThanDays }: Pick<SealOptions, "olderThanDays">,
  now: Date,
): StayReason | undefined {
  if (index.seal?.isBlocked === true && index.seal.note.bytesAfter !== undefined) return "already_sealed";
  const end = Date.parse(`${monthBounds(month).to.replace(" ", "T")}Z`);
  return end + olderThanDays * millisPerDay <= now.getTime() ? undefined : "too_young";
}

/**
 * Why the month stays as it is; undefined when it may be sealed: it is proven in this very index and nothing of it
 * waits. Reads only. The caller has the partition's lock, or only asks what would be.
 */
export async function stayByContents(
  { elasticsearch, archive, state }: Connections,
  { index, ...partition }: Candidate,
  { replicas }: Pick<SealOptions, "replicas">,
): Promise<StayReason | undefined> {
  const obstacle = await indexObstacle(elasticsearch, archive, index);
  if (obstacle !== undefined) return obstacle;
  const known = await readPartition(state, partition);
  if (known?.indexUuid !== index.uuid) return "not_proven";
  if (replicas === 0 && known.wasPurged) return "only_copy";
  if ((await validProof(state, partition, index.uuid)) === undefined) return "not_proven";
  return (await hasOpenRows(state, partition)) ? "open_rows" : undefined;
}
