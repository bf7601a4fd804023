import { type Partition, partitionKey } from "../../partitions/log-types.ts";
import type { SourceTable } from "../../partitions/source-schema.ts";
import type { Place } from "./dirty-records.ts";
import { partitionOf } from "../dirty-run.ts";

/** The items of each place together. */
export function byPartition<T>(
  source: SourceTable,
  placed: readonly { place: Place; item: T }[],
): { partition: Partition; items: T[] }[] {
  const groups = new Map<string, { partition: Partition; items: T[] }>();
  for (const { place, item } of placed) {
    const partition = partitionOf(source, place);
    const group = groups.get(partitionKey(partition)) ?? { partition, items: [] };
    group.items.push(item);
    groups.set(partitionKey(partition), group);
  }
  return [...groups.values()];
}
