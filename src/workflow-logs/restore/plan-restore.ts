import { AppError } from "../../engine/errors.ts";
import { listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import type { PartitionState } from "../state/database.ts";
import { listPartitions } from "../state/partitions/partitions.ts";
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

/** A partition that was archived once and has no index now. */
export interface MissingIndex extends Partition {
  readonly state: PartitionState;
  /** Rows that were purged after they had been compared, and cannot be brought back. */
  readonly purgedRows: number;
}

export interface RestorePlan {
  /** Parents before what belongs to them, whatever their months; within a data type the oldest first. */
  readonly partitions: readonly PlannedRestore[];
  readonly missing: readonly MissingIndex[];
  readonly notes: readonly string[];
}

/** Which indices hold what the scope of one tenant asks for. Reads only. Throws AppError when one of them is closed. */
export async function planRestore(connections: Connections, scope: Scope): Promise<RestorePlan> {
  const { elasticsearch, settings, archive } = connections;
  const tenantId = scope.tenantIds[0]!;
  const resources = scope.dataTypes.map((type) => logTypes[type].resource);
  const listed = await listIndices(elasticsearch, archive, settings.template.prefix, resources, tenantId);
  const partitions: PlannedRestore[] = [];
  for (const { name, uuid, resource, month, status } of listed.indices) {
    const partition: Partition = { dataType: dataTypeOf(resource), tenantId, month };
    const range = partitionRange(partition, scope, "UTC");
    if (range === undefined) continue;
    if (status === "closed") {
      throw new AppError("index_closed", `The index ${name} is closed.`, {
        hint: "Open it and run the command again. Nothing was changed.",
      });
    }
    partitions.push({
      ...partition,
      index: { name, uuid },
      range,
      coversWholeMonth: coversWholeMonth(partition, scope),
    });
  }
  const missing = await missingIndices(connections, scope, new Set(partitions.map(partitionKey)));
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
  there: ReadonlySet<string>,
): Promise<MissingIndex[]> {
  if ((await pendingMigrations(state)).length > 0) return []; // a dry run before the first command that writes
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
  return known
    .filter((partition) => isInScope(partition, scope) && !there.has(partitionKey(partition)))
    .map((partition) => ({ ...partition, purgedRows: purged.get(partitionKey(partition)) ?? 0 }));
}
