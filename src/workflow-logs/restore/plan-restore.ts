import { listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import { parseIndexName } from "../../stores/elasticsearch/indices/index-names.ts";
import { seeIndex } from "../../stores/elasticsearch/indices/indices.ts";
import type { PartitionState } from "../state/database.ts";
import { listPartitions, readPartition } from "../state/partitions/partitions.ts";
import { countPurged } from "../state/validate/purged-and-deleted-ids.ts";
import { countPurgedRows } from "../state/restore/restore-findings.ts";
import { countUnproven } from "../state/cleanup/purged-documents.ts";
import { pendingMigrations } from "../state/upgrade.ts";
import type { Connections } from "../connections.ts";
import { type DataType, dataTypes, logTypes, type Partition, partitionKey } from "../partitions/log-types.ts";
import { coversWholeMonth, isInScope, partitionRange, type Scope, type TimeRange } from "../partitions/scope.ts";

export interface PlannedRestore extends Partition {
  readonly index: { readonly name: string; readonly uuid: string };
  /** The part of the month to restore, UTC. */
  readonly range: TimeRange;
  readonly coversWholeMonth: boolean;
}

/** A partition that was archived once and of which nothing can be read now. */
export interface MissingIndex extends Partition {
  readonly state: PartitionState;
  /** Why, where it is not that there is no index: `alias`, its name leads to another index; `meanwhile`, it went while others were restored. */
  readonly because?: "closed" | "alias" | "meanwhile";
  /** Rows that were purged after they had been compared, and cannot be brought back. */
  readonly purgedRows: number;
}

type Unreadable = Partition & Required<Pick<MissingIndex, "because">>;

export interface RestorePlan {
  /** Parents before what belongs to them, whatever their months; within a data type the oldest first. */
  readonly partitions: readonly PlannedRestore[];
  readonly missing: readonly MissingIndex[];
  readonly notes: readonly string[];
}

/** Which indices hold what the scope of one tenant asks for. Reads only. Months that cannot be read are among the missing. */
export async function planRestore(connections: Connections, scope: Scope): Promise<RestorePlan> {
  const { elasticsearch, settings, archive } = connections;
  const tenantId = scope.tenantIds[0]!;
  const resources = scope.dataTypes.map((type) => logTypes[type].resource);
  const listed = await listIndices(elasticsearch, archive, settings.template.prefix, resources, tenantId);
  const partitions: PlannedRestore[] = [];
  const unreadable: Unreadable[] = [];
  for (const alias of listed.aliases) {
    const address = parseIndexName(settings.template.prefix, resources, alias.name);
    if (address === undefined || address.tenantId !== tenantId) continue;
    const partition: Partition = { dataType: dataTypeOf(address.resource), tenantId, month: address.month };
    if (isInScope(partition, scope)) unreadable.push({ ...partition, because: "alias" });
  }
  for (const { name, uuid, resource, month, status } of listed.indices) {
    const partition: Partition = { dataType: dataTypeOf(resource), tenantId, month };
    const range = partitionRange(partition, scope, "UTC");
    if (range === undefined) continue;
    if (status === "closed") {
      unreadable.push({ ...partition, because: "closed" });
      continue;
    }
    partitions.push({
      ...partition,
      index: { name, uuid },
      range,
      coversWholeMonth: coversWholeMonth(partition, scope),
    });
  }
  const missing = await missingIndices(connections, scope, new Set(partitions.map(partitionKey)), unreadable);
  const notes = listed.foreign.map(
    (name) => `${name} is named like ours but was not made by this program; nothing is read from it.`,
  );
  const unproven = await unprovenRows(connections, scope);
  if (unproven > 0) {
    notes.push(
      `${unproven} rows were purged before fingerprints were written: nothing tells whether their documents were changed since.`,
    );
  }
  if (partitions.length === 0) {
    notes.push(
      "There is no index of this tenant in this range: nothing of it was archived, or retention has dropped it.",
    );
  }
  return { partitions: partitions.toSorted(parentsFirst), missing, notes };
}

function dataTypeOf(resource: string): DataType {
  return dataTypes.find((type) => logTypes[type].resource === resource)!;
}

function parentsFirst(a: Partition, b: Partition): number {
  return dataTypes.indexOf(a.dataType) - dataTypes.indexOf(b.dataType) || (a.month < b.month ? -1 : 1);
}

async function unprovenRows({ state }: Connections, scope: Scope): Promise<number> {
  if ((await pendingMigrations(state)).length > 0) return 0;
  const entries = await countUnproven(state, scope.tenantIds[0]!);
  return entries
    .filter((entry) => isInScope(entry as Partition, scope))
    .reduce((sum, { unproven }) => sum + unproven, 0);
}

async function missingIndices(
  { state }: Connections,
  scope: Scope,
  restored: ReadonlySet<string>,
  unreadable: readonly Unreadable[],
): Promise<MissingIndex[]> {
  // a dry run before the first command that writes
  if ((await pendingMigrations(state)).length > 0)
    return unreadable.map((one) => ({ ...one, state: "planned", purgedRows: 0 }));
  const purged = new Map(
    (await countPurgedRows(state, scope.tenantIds[0]!)).map(({ rows, ...partition }) => [
      partitionKey(partition as Partition),
      rows,
    ]),
  );
  const known = (await listPartitions(state, scope.tenantIds)).map(({ dataType, tenantId, month, state: now }) => ({
    dataType: dataType as DataType,
    tenantId,
    month,
    state: now,
  }));
  const there: MissingIndex[] = known
    .filter((partition) => isInScope(partition, scope) && !restored.has(partitionKey(partition)))
    .map((partition) => ({ ...partition, purgedRows: purged.get(partitionKey(partition)) ?? 0 }));
  const byKey = new Map(there.map((one) => [partitionKey(one), one]));
  // also one that a state which was lost, or is older, does not know
  for (const one of unreadable)
    byKey.set(partitionKey(one), { state: "planned", purgedRows: 0, ...byKey.get(partitionKey(one)), ...one });
  return [...byKey.values()];
}

/** The partition, whose index went after it was planned; undefined when it is there, and something else is the matter. */
export async function goneMeanwhile(
  { elasticsearch, state }: Connections,
  { index, dataType, tenantId, month }: PlannedRestore,
): Promise<MissingIndex | undefined> {
  const { facts } = await seeIndex(elasticsearch, index.name);
  if (facts !== undefined && String(facts.settings["index.uuid"]) === index.uuid) return undefined;
  const partition: Partition = { dataType, tenantId, month };
  const known = await readPartition(state, partition);
  const purgedRows = await countPurged(state, partition);
  return { ...partition, state: known?.state ?? "planned", purgedRows, because: "meanwhile" };
}
