import { AppError } from "../../engine/errors.ts";
import type { Run } from "../../runs/run.ts";
import { described } from "../../stores/elasticsearch/errors.ts";
import { forceMerge } from "../../stores/elasticsearch/indices/force-merge.ts";
import { primaryBytes } from "../../stores/elasticsearch/indices/index-list.ts";
import { noteSeal, sealIndex, unsealIndex } from "../../stores/elasticsearch/indices/seal.ts";
import { type Connections, describeStoreError } from "../connections.ts";
import { type Candidate, stayByContents } from "./judge-month.ts";
import { type SealOptions, type Tier, tiers } from "./options.ts";
import type { SealedMonth } from "./report.ts";

/** Where a test may strike: when the index takes no documents any more, and when it is merged. */
export type SealStep = "blocked" | "merged";

export interface SealMonthWatch {
  readonly atStep?: ((step: SealStep, index: string) => void | Promise<void>) | undefined;
}

/**
 * Seals the month if it may be. The caller has its lock. Blocked first and looked at again then: a write that came
 * before the block is known by its note. A run that is stopped half way leaves the month blocked, and the next goes on.
 */
export async function sealMonth(
  connections: Connections,
  options: SealOptions,
  run: Run,
  candidate: Candidate,
  { atStep }: SealMonthWatch,
): Promise<SealedMonth> {
  const { elasticsearch } = connections;
  const { index } = candidate;
  const { name } = index;
  const stays = await stayByContents(connections, candidate, options);
  if (stays !== undefined) return { ...describe(candidate), action: "kept", reason: stays };
  try {
    const begun =
      index.seal?.isBlocked === true
        ? index.seal.note
        : { at: new Date().toISOString(), bytesBefore: await primaryBytes(elasticsearch, name) };
    await sealIndex(elasticsearch, name, begun);
    await atStep?.("blocked", name);
    if ((await stayByContents(connections, candidate, options)) !== undefined) {
      await unsealIndex(elasticsearch, name);
      return { ...describe(candidate), action: "kept", reason: "written_meanwhile" };
    }
    await forceMerge(elasticsearch, name, run.signal);
    await atStep?.("merged", name);
    await place(connections, name, options);
    const bytesAfter = await primaryBytes(elasticsearch, name);
    await noteSeal(elasticsearch, name, { ...begun, bytesAfter });
    return { ...describe(candidate), bytesBefore: begun.bytesBefore, bytesAfter, action: "sealed", reason: null };
  } catch (error) {
    const failure = describeStoreError(error);
    if (run.signal.aborted || !(failure instanceof AppError) || !ofOneIndex.has(failure.code)) throw error;
    return { ...describe(candidate), action: "kept", reason: "failed", detail: failure.message };
  }
}

const ofOneIndex = new Set([
  "elasticsearch_forbidden",
  "elasticsearch_blocked",
  "elasticsearch_not_found",
  "merge_failed",
]);

export function describe({ dataType, tenantId, month, index }: Candidate): Omit<SealedMonth, "action" | "reason"> {
  const { name, documents = 0, bytes, seal } = index;
  const { bytesBefore = bytes, bytesAfter = null } = seal?.note ?? {};
  return { dataType, tenantId, month, name, documents, bytesBefore, bytesAfter };
}

/** Replicas and tier as they were asked for. */
async function place({ elasticsearch }: Connections, index: string, { replicas, tier }: SealOptions): Promise<void> {
  const settings = {
    ...(replicas !== undefined && { "index.number_of_replicas": replicas }),
    ...(tier !== undefined && { "index.routing.allocation.include._tier_preference": preference(tier) }),
  };
  if (Object.keys(settings).length > 0) await described(elasticsearch.indices.putSettings({ index, settings }));
}

/** The tier, else the next warmer one that has nodes. */
function preference(tier: Tier): string {
  const warmer = tiers.slice(0, tiers.indexOf(tier) + 1).toReversed();
  return [...warmer.map((name) => `data_${name}`), "data_content"].join(",");
}
