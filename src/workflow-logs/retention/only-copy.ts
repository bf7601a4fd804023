import { countPurgedRows } from "../state/restore/restore-findings.ts";
import type { PartitionRecord } from "../state/partitions/partitions.ts";
import type { Connections } from "../connections.ts";
import { type Partition, partitionKey } from "../partitions/log-types.ts";
import { monthBounds } from "../partitions/months.ts";
import { countSourceRows } from "../partitions/source-counts.ts";
import type { RetentionOptions } from "./options.ts";

/**
 * Whether a partition has documents whose row is not in PostgreSQL any more; null where counting the rows took too
 * long.
 */
export type OnlyCopy = (partition: Partition, documents: number) => boolean | null;

/** Counts the rows of the partitions, with one scan of each log table, and looks into the journal of purged rows. */
export async function onlyCopies(
  connections: Connections,
  options: Pick<RetentionOptions, "tenantIds" | "dataTypes">,
  partitions: readonly Partition[],
  known: readonly PartitionRecord[],
): Promise<OnlyCopy> {
  if (partitions.length === 0) return () => null;
  const end = partitions
    .map(({ month }) => month)
    .toSorted()
    .at(-1)!;
  const rows = await countSourceRows(connections, { ...options, end: monthBounds(end).to });
  const purged = new Set(
    known
      .filter(({ state }) => state === "purging" || state === "purged")
      .map((record) => partitionKey(record as PartitionRecord & Partition)),
  );
  if (known.length > 0) {
    for (const tenantId of new Set(partitions.map((partition) => partition.tenantId))) {
      for (const partition of await countPurgedRows(connections.state, tenantId)) {
        purged.add(partitionKey(partition as Partition & { rows: number }));
      }
    }
  }
  return (partition, documents) => {
    if (documents === 0) return false;
    if (purged.has(partitionKey(partition))) return true;
    return rows === undefined ? null : (rows.get(partitionKey(partition))?.rows ?? 0) < documents;
  };
}
