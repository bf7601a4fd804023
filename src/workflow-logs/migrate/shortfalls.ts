import { sideBySide } from "../../engine/side-by-side.ts";
import { countDocuments, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import type { ArchiveIndex } from "../../stores/elasticsearch/indices/index-list.ts";
import { expectedWithoutRow } from "../state/partitions/expected-documents.ts";
import { listPartitions } from "../state/partitions/partitions.ts";
import type { Connections } from "../connections.ts";
import { type DataType, type Partition, partitionKey } from "../partitions/log-types.ts";
import { coversWholeMonth, isInScope, type Scope } from "../partitions/scope.ts";

/** A partition that was copied before, and its index. */
export interface KnownMonth extends Partition {
  readonly index: ArchiveIndex;
}

/** Requests to Elasticsearch side by side. */
const countedAtOnce = 4;

/** The partitions whose numbers can be judged: those that were copied before and that the scope has whole. */
export async function knownMonths(
  { state }: Connections,
  scope: Scope,
  indices: readonly ArchiveIndex[],
): Promise<KnownMonth[]> {
  const byUuid = new Map(indices.map((index) => [index.uuid, index]));
  return (await listPartitions(state, scope.tenantIds)).flatMap((one) => {
    const partition: Partition = { dataType: one.dataType as DataType, tenantId: one.tenantId, month: one.month };
    const index = byUuid.get(one.indexUuid);
    const isJudged =
      index !== undefined &&
      one.state !== "expired" &&
      isInScope(partition, scope) &&
      coversWholeMonth(partition, scope);
    return isJudged ? [{ ...partition, index }] : [];
  });
}

/**
 * Those of the months of a data type that have fewer documents than rows behind their checkpoints (`confirmed`, by
 * partition) and documents that are kept without a row: something came behind the checkpoints, or went from the index.
 */
export async function monthsThatLack(
  { elasticsearch, state }: Connections,
  dataType: DataType,
  known: readonly KnownMonth[],
  confirmed: ReadonlyMap<string, number>,
): Promise<Partition[]> {
  const own = known.filter((one) => one.dataType === dataType);
  if (own.length === 0) return [];
  const rowless = await expectedWithoutRow(state, dataType);
  const lacking: Partition[] = [];
  await sideBySide(own, countedAtOnce, async ({ index, ...partition }) => {
    const { kept = 0, refused = 0 } = rowless.get(`${partition.tenantId}/${partition.month}`) ?? {};
    const expected = (confirmed.get(partitionKey(partition)) ?? 0) + kept - refused;
    if (index.documents === undefined || index.documents >= expected) return; // one that cannot be read is said by who copies into it
    await refreshIndex(elasticsearch, index.name).catch(() => {}); // the list knows what was there at the last refresh
    const documents = await countDocuments(elasticsearch, index.name).catch(() => 0);
    if (documents < expected) lacking.push(partition);
  });
  return lacking;
}
