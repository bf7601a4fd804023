import { sideBySide } from "../../engine/side-by-side.ts";
import { countDocuments, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import type { ArchiveIndex } from "../../stores/elasticsearch/indices/index-list.ts";
import { expectedWithoutRow } from "../state/partitions/expected-documents.ts";
import type { PartitionState } from "../state/database.ts";
import { type PartitionRecord, uncountCopied } from "../state/partitions/partitions.ts";
import type { Connections } from "../connections.ts";
import { type DataType, type Partition, partitionKey } from "../partitions/log-types.ts";
import { coversWholeMonth, isInScope, type Scope } from "../partitions/scope.ts";

/** A partition that was copied before, and its index. */
export interface KnownMonth extends Partition {
  readonly state: PartitionState;
  readonly index: ArchiveIndex;
  /** Documents that were confirmed, whatever became of their rows. */
  readonly copiedRows: number;
}

/** Requests to Elasticsearch side by side. */
const countedAtOnce = 4;

/** The partitions whose numbers can be judged: those that were copied before and that the scope has whole. */
export function knownMonths(
  partitions: readonly PartitionRecord[],
  scope: Scope,
  indices: readonly ArchiveIndex[],
): KnownMonth[] {
  const byUuid = new Map(indices.map((index) => [index.uuid, index]));
  return partitions.flatMap((one) => {
    const partition: Partition = { dataType: one.dataType as DataType, tenantId: one.tenantId, month: one.month };
    const index = byUuid.get(one.indexUuid);
    const isJudged =
      index !== undefined &&
      one.state !== "expired" &&
      isInScope(partition, scope) &&
      coversWholeMonth(partition, scope);
    return isJudged ? [{ ...partition, index, state: one.state, copiedRows: one.copiedRows }] : [];
  });
}

/**
 * Those of the months of a data type that have fewer documents than rows behind their checkpoints (`confirmed`, by
 * partition) and documents that are kept without a row: something came behind the checkpoints, or went from the index.
 */
export async function monthsThatLack(
  connections: Connections,
  dataType: DataType,
  known: readonly KnownMonth[],
  confirmed: ReadonlyMap<string, number>,
): Promise<KnownMonth[]> {
  if (known.length === 0) return [];
  const rowless = await expectedWithoutRow(connections.state, dataType);
  return withFewerThan(connections, known, (partition) => {
    const { kept = 0, refused = 0 } = rowless.get(`${partition.tenantId}/${partition.month}`) ?? {};
    return (confirmed.get(partitionKey(partition)) ?? 0) + kept - refused;
  });
}

/** A month with fewer documents than were counted as they were confirmed. */
export interface SuspectMonth extends KnownMonth {
  readonly documents: number;
}

/**
 * What can be known without a look at the rows: documents went, or rows were counted twice, as those are whose
 * created_at moved within their month. Only a scan tells which.
 */
export function monthsWithFewer(connections: Connections, known: readonly KnownMonth[]): Promise<SuspectMonth[]> {
  return withFewerThan(connections, known, ({ copiedRows }) => copiedRows);
}

/** Nothing lacks in these months by the rows themselves: as many documents count as there are. */
export async function countAgain({ state }: Connections, suspects: readonly SuspectMonth[]): Promise<void> {
  for (const { dataType, tenantId, month, copiedRows, documents } of suspects)
    await uncountCopied(state, { dataType, tenantId, month }, copiedRows - documents);
}

async function withFewerThan(
  { elasticsearch }: Connections,
  known: readonly KnownMonth[],
  expectedOf: (month: KnownMonth) => number,
): Promise<SuspectMonth[]> {
  const lacking: SuspectMonth[] = [];
  await sideBySide(known, countedAtOnce, async (month) => {
    const { index } = month;
    const expected = expectedOf(month);
    // one that cannot be read is said by who copies into it
    if (index.documents === undefined || index.documents >= expected) return;
    await refreshIndex(elasticsearch, index.name).catch(() => {}); // the list knows what was there at the last refresh
    const documents = await countDocuments(elasticsearch, index.name).catch(() => 0);
    if (documents < expected) lacking.push({ ...month, documents });
  });
  return lacking;
}
