import type { Partition } from "../partitions/log-types.ts";
import type { Policy } from "./retention-days.ts";
import type { KeptReason, SweptIndex } from "./report.ts";

/** One line of the report about an index of which no more is known than its name and size. */
export function keptIndex(
  partition: Partition,
  index: { readonly name: string; readonly documents: number | undefined; readonly bytes: number },
  policy: Policy,
  reason: KeptReason,
): SweptIndex {
  return { ...describeIndex(partition, index, policy), action: "kept", reason };
}

/** What is the same whatever becomes of the index. */
export function describeIndex(
  { dataType, tenantId, month }: Partition,
  { name, documents, bytes }: { readonly name: string; readonly documents: number | undefined; readonly bytes: number },
  { days }: Policy,
): Omit<SweptIndex, "action" | "reason"> {
  return {
    name,
    dataType,
    tenantId,
    month,
    documents: documents ?? 0,
    bytes,
    newest: null,
    ageDays: null,
    onlyCopy: null,
    retentionDays: days,
  };
}

/** How old the newest document is. */
export function ageOf(newest: string | null, now: Date): Pick<SweptIndex, "newest" | "ageDays"> {
  const days = newest === null ? null : Math.floor((now.getTime() - Date.parse(newest)) / 86_400_000);
  return { newest, ageDays: days };
}
