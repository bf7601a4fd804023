import { listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import { seeIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { identityOf, placeOf } from "../../stores/elasticsearch/indices/place.ts";
import type { PartitionState } from "../state/database.ts";
import { listPartitions, readPartition } from "../state/partitions/partitions.ts";
import { countPurged } from "../state/validate/purged-and-deleted-ids.ts";
import { countPurgedRows, type PurgedCount } from "../state/restore/restore-findings.ts";
import { pendingMigrations } from "../state/upgrade.ts";
import type { Connections } from "../connections.ts";
import { aliasedMonths } from "../partitions/aliased-months.ts";
import {
  type DataType,
  dataTypeOf,
  dataTypes,
  logTypes,
  type Partition,
  partitionKey,
} from "../partitions/log-types.ts";
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
  /**
   * Why, where it is not that there is no index: `alias`, its name leads to another index; `meanwhile`, it went while
   * others were restored.
   */
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

/**
 * Which indices hold what the scope of one tenant asks for. Reads only. Months that cannot be read are among the
 * missing.
 */
export async function planRestore(connections: Connections, scope: Scope): Promise<RestorePlan> {
  const { elasticsearch, settings, archive } = connections;
  const tenantId = scope.tenantIds[0]!;
  const resources = scope.dataTypes.map((type) => logTypes[type].resource);
  const listed = await listIndices(elasticsearch, archive, settings.template.prefix, resources, tenantId);
  const partitions: PlannedRestore[] = [];
  const unreadable = aliasedMonths(listed.aliases, settings.template.prefix, scope).map((partition): Unreadable => ({
    ...partition,
    because: "alias",
  }));
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
  // a dry run before the first command that writes
  const hasState = (await pendingMigrations(connections.state)).length === 0;
  const purged = hasState ? await countPurgedRows(connections.state, tenantId) : [];
  const restored = new Set(partitions.map(partitionKey));
  const missing = hasState
    ? await missingIndices(connections, scope, restored, unreadable, purged)
    : unreadable.map((one): MissingIndex => ({ ...one, state: "planned", purgedRows: 0 }));
  const notes = listed.foreign.map(
    (name) => `${name} is named like ours but was not made by this program; nothing is read from it.`,
  );
  const unproven = purged
    .filter((entry) => isInScope(entry as Partition, scope))
    .reduce((sum, entry) => sum + entry.unproven, 0);
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

function parentsFirst(a: Partition, b: Partition): number {
  return dataTypes.indexOf(a.dataType) - dataTypes.indexOf(b.dataType) || (a.month < b.month ? -1 : 1);
}

async function missingIndices(
  { state }: Connections,
  scope: Scope,
  restored: ReadonlySet<string>,
  unreadable: readonly Unreadable[],
  purged: readonly PurgedCount[],
): Promise<MissingIndex[]> {
  const purgedRows = new Map(purged.map((entry) => [partitionKey(entry as Partition), entry.rows]));
  const known = (await listPartitions(state, scope.tenantIds)).map(({ dataType, tenantId, month, state: now }) => ({
    dataType: dataType as DataType,
    tenantId,
    month,
    state: now,
  }));
  const there: MissingIndex[] = known
    .filter((partition) => isInScope(partition, scope) && !restored.has(partitionKey(partition)))
    .map((partition) => ({ ...partition, purgedRows: purgedRows.get(partitionKey(partition)) ?? 0 }));
  const byKey = new Map(there.map((one) => [partitionKey(one), one]));
  // also one that a state which was lost, or is older, does not know
  for (const one of unreadable)
    byKey.set(partitionKey(one), { state: "planned", purgedRows: 0, ...byKey.get(partitionKey(one)), ...one });
  return [...byKey.values()];
}

/**
 * The partition, whose index went after it was planned; undefined when it is there, and something else is the matter.
 */
export async function goneMeanwhile(
  { elasticsearch, state }: Connections,
  { index, dataType, tenantId, month }: PlannedRestore,
): Promise<MissingIndex | undefined> {
  const { facts } = await seeIndex(elasticsearch, index.name);
  const uuid = facts && identityOf(placeOf(index.name), String(facts.settings["index.uuid"]));
  if (uuid === index.uuid) return undefined;
  const partition: Partition = { dataType, tenantId, month };
  const known = await readPartition(state, partition);
  const purgedRows = await countPurged(state, partition);
  return { ...partition, state: known?.state ?? "planned", purgedRows, because: "meanwhile" };
}
