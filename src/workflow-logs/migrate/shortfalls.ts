import { countDocuments, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import type { ArchiveIndex } from "../../stores/elasticsearch/indices/index-list.ts";
import { cancellable } from "../../stores/postgres/connection/cancellable.ts";
import { expectedWithoutRow } from "../state/partitions/expected-documents.ts";
import { listPartitions } from "../state/partitions/partitions.ts";
import type { Connections } from "../connections.ts";
import { type DataType, type Partition, partitionKey } from "../partitions/log-types.ts";
import { confirmedRowsQuery, type PlanContext } from "../partitions/plan-query.ts";
import { coversWholeMonth, isInScope } from "../partitions/scope.ts";

/**
 * The partitions of a data type that have fewer documents than rows behind their checkpoints, and than documents that are kept without a row: something came
 * behind the checkpoints, or went from the index. Counts the rows with one scan of the log table where something was copied before; months that the scope has
 * in part are not judged.
 */
export async function partitionsThatLack(
  { postgres, elasticsearch, state }: Connections,
  context: PlanContext,
  indices: readonly ArchiveIndex[],
  signal: AbortSignal,
): Promise<Partition[]> {
  const { dataType, scope } = context;
  const byUuid = new Map(indices.map((index) => [index.uuid, index]));
  const known = (await listPartitions(state, scope.tenantIds)).filter((one) => {
    const partition = { ...one, dataType: one.dataType as DataType };
    return (
      partition.dataType === dataType &&
      one.state !== "expired" &&
      byUuid.has(one.indexUuid) &&
      isInScope(partition, scope) &&
      coversWholeMonth(partition, scope)
    );
  });
  if (known.length === 0) return [];
  const { rows: groups } = await cancellable(postgres, signal, (client) =>
    client.query<{ tenantId: string; month: string; rows: string }>(confirmedRowsQuery(context)),
  );
  const behind = new Map(
    groups.map(({ tenantId, month, rows }) => [partitionKey({ dataType, tenantId, month }), Number(rows)]),
  );
  const rowless = await expectedWithoutRow(state, dataType);
  const lacking: Partition[] = [];
  for (const { tenantId, month, indexUuid } of known) {
    const partition: Partition = { dataType, tenantId, month };
    const key = partitionKey(partition);
    const index = byUuid.get(indexUuid)!;
    const { kept = 0, refused = 0 } = rowless.get(`${tenantId}/${month}`) ?? {};
    const expected = (behind.get(key) ?? 0) + kept - refused;
    if (index.documents === undefined || index.documents >= expected) continue; // one that cannot be read is said by who copies into it
    await refreshIndex(elasticsearch, index.name).catch(() => {}); // the list knows what was there at the last refresh
    const documents = await countDocuments(elasticsearch, index.name).catch(() => 0);
    if (documents < expected) lacking.push(partition);
  }
  return lacking;
}
