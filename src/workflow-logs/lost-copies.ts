import { type ArchiveIndex, listIndices } from "../stores/elasticsearch/indices/index-list.ts";
import type { Connections } from "./connections.ts";
import { type DataType, logTypes, type Partition, partitionKey, resources } from "./partitions/log-types.ts";
import { onlyCopies, type OnlyCopies, purgedPartitions } from "./state/partitions/partitions-without-rows.ts";
import { pendingMigrations } from "./state/upgrade.ts";

/** A partition of which documents are gone, or may be, that were the only copy of their rows. */
export interface LostCopies extends Partition {
  /** Rows that were purged and not brought back. */
  readonly purgedRows: number;
  /**
   * `index_gone`: nothing of it is there. `documents_gone`: there are fewer documents than purged rows.
   * `index_replaced`: its index is another than the one that held the documents, and validate has not found all of them
   * in it.
   */
  readonly what: "index_gone" | "documents_gone" | "index_replaced";
  /** Documents that there are at least too few. */
  readonly missing: number;
  /** The same as a sentence, with what to do. */
  readonly message: string;
}

type KnownIndex = Pick<ArchiveIndex, "resource" | "tenantId" | "month" | "documents" | "uuid">;

/**
 * What counting shows of them; documents that are changed or replaced by others only validate --full finds. `indices`
 * are all of these tenants.
 */
export async function lostCopies(
  { state }: Pick<Connections, "state">,
  indices: readonly KnownIndex[],
  tenantIds: readonly string[],
): Promise<LostCopies[]> {
  if ((await pendingMigrations(state)).length > 0) return [];
  const there = byPlace(indices);
  return (await onlyCopies(state, tenantIds)).flatMap((only): LostCopies[] => {
    const { rows: purgedRows, tenantId, month } = only;
    const index = there.get(placeOf(only));
    // a closed index is not counted
    const fewer = index === undefined ? purgedRows : purgedRows - (index.documents ?? purgedRows);
    const missing = Math.max(0, fewer);
    const what = whatIsLost(only, index, missing);
    if (what === undefined) return [];
    const partition: Partition = { dataType: only.dataType as DataType, tenantId, month };
    return [{ ...partition, purgedRows, what, missing, message: messageOf(partition, what, purgedRows, missing) }];
  });
}

function whatIsLost(only: OnlyCopies, index: KnownIndex | undefined, missing: number): LostCopies["what"] | undefined {
  if (index === undefined) return "index_gone";
  if (missing > 0) return "documents_gone";
  return isReplaced(only, index) ? "index_replaced" : undefined;
}

function isReplaced({ indexUuid }: Pick<OnlyCopies, "indexUuid">, { uuid }: KnownIndex): boolean {
  return indexUuid !== null && indexUuid !== uuid;
}

function byPlace(indices: readonly KnownIndex[]): Map<string, KnownIndex> {
  return new Map(indices.map((index) => [`${index.resource}/${index.tenantId}/${index.month}`, index]));
}

function placeOf({ dataType, tenantId, month }: Pick<OnlyCopies, "dataType" | "tenantId" | "month">): string {
  return `${logTypes[dataType as DataType].resource}/${tenantId}/${month}`;
}

function messageOf(partition: Partition, what: LostCopies["what"], purged: number, missing: number): string {
  const key = partitionKey(partition);
  const [all, some] = [purged, missing].map((count) => count.toLocaleString("en-US"));
  const mend = "restore it from a snapshot (docs/disasters.md)";
  if (what === "index_gone")
    return `The index of ${key} is gone, and was the only copy of ${all} purged rows: ${mend}.`;
  if (what === "documents_gone")
    return `${key} lacks at least ${some} documents, each of which was the only copy of a purged row: ${mend}.`;
  return `The index of ${key} is another than the one that was the only copy of ${all} purged rows: app elasticsearch validate --full says whether it holds them.`;
}

/**
 * Says so at the start of a run when the index of a month is gone, or is another, from which rows were purged. Counts
 * no documents.
 */
export async function noteLostIndices(
  { state, elasticsearch, archive, settings }: Connections,
  note: (text: string) => void,
): Promise<void> {
  const purged = await purgedPartitions(state);
  if (purged.length === 0) return;
  const { indices } = await listIndices(elasticsearch, archive, settings.template.prefix, resources);
  const there = byPlace(indices);
  const suspects = purged.filter((partition) => {
    const index = there.get(placeOf(partition));
    return index === undefined || isReplaced(partition, index);
  });
  if (suspects.length === 0) return;
  const tenants = [...new Set(suspects.map(({ tenantId }) => tenantId))];
  for (const { message } of await lostCopies({ state }, indices, tenants)) note(`⚠ ${message}`);
}
