import type { ArchiveIndex } from "../../stores/elasticsearch/indices/index-list.ts";
import { indexName, type Naming } from "../../stores/elasticsearch/indices/index-names.ts";
import { placeOf } from "../../stores/elasticsearch/indices/place.ts";
import { logTypes, type Partition } from "./log-types.ts";

/** How many indices the partitions need beside those that are there. */
export function newIndices(
  naming: Naming,
  partitions: readonly Partition[],
  there: readonly Pick<ArchiveIndex, "index">[],
): number {
  const needed = new Set(
    partitions.map(({ dataType, tenantId, month }) => {
      const { resource } = logTypes[dataType];
      return placeOf(indexName({ ...naming, resource, tenantId, month })).index;
    }),
  );
  for (const { index } of there) needed.delete(index);
  return needed.size;
}
