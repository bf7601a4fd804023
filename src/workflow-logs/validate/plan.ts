import { type ArchiveIndex, listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import type { CreatedWithin } from "../../stores/elasticsearch/documents/document-ids.ts";
import type { PartitionState } from "../state/database.ts";
import { listPartitions } from "../state/partitions/partitions.ts";
import { onlyCopies, purgedPartitions } from "../state/partitions/partitions-without-rows.ts";
import { aliasedMonths } from "../partitions/aliased-months.ts";
import { type DataType, dataTypeOf, logTypes, type Partition, partitionKey } from "../partitions/log-types.ts";
import { buildKeyTable } from "../partitions/key-tables.ts";
import { inOrder, planPartitions } from "../partitions/plan.ts";
import { keysQuery, type PlanContext } from "../partitions/plan-query.ts";
import type { Listing } from "../rows/row-query.ts";
import { coversWholeMonth, isInScope, partitionRange, type TimeRange } from "../partitions/scope.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import type { UnreadableMonth } from "./report.ts";
import type { ValidateRun } from "./validate-run.ts";
import { currentSnapshot } from "./written-since.ts";

/** One log table of this run. */
export interface SourceKeys {
  readonly source: SourceTable;
  readonly context: PlanContext;
  /** PostgreSQL's snapshot before the first row was counted. */
  readonly snapshot: string | undefined;
}

/** One partition that has rows, documents or both. */
export interface PartitionPlan extends Partition {
  readonly keys: SourceKeys;
  readonly rows: number;
  /** As Elasticsearch listed it when the run began. */
  readonly index: ArchiveIndex | undefined;
  /** Bounds of created_at in the source's own time. */
  readonly range: TimeRange;
  /** The same for documents; without bounds where the scope has the whole month. */
  readonly within: CreatedWithin;
  readonly coversWholeMonth: boolean;
}

export async function sourceKeys(
  { connections, options }: ValidateRun,
  sources: readonly SourceTable[],
): Promise<SourceKeys[]> {
  const { postgres, settings } = connections;
  const keys: SourceKeys[] = [];
  for (const source of sources) {
    const { table, logType } = source;
    const timeZone = zoneOf(source, settings.sourceTimeZone);
    keys.push({
      source,
      snapshot: await currentSnapshot(postgres, table),
      context: { dataType: logType.dataType, table, scope: options.scope, timeZone, indexUuids: undefined },
    });
  }
  return keys;
}

export interface FullPlan {
  readonly partitions: readonly PartitionPlan[];
  readonly listings: ReadonlyMap<DataType, Listing>;
  /** Rows for which there is no partition. */
  readonly unarchivable: ReadonlyMap<DataType, number>;
}

/** Lists the rows of the scope with one scan of each log table, into a key table where no index serves their order. */
export async function planFull(validation: ValidateRun, sources: readonly SourceKeys[]): Promise<FullPlan> {
  const { connections, run } = validation;
  const listings = new Map<DataType, Listing>();
  const unarchivable = new Map<DataType, number>();
  const rows = new Map<string, { partition: Partition; rows: number }>();
  for (const keys of sources) {
    const { source, context } = keys;
    const listing = source.hasServingIndex
      ? { sqlName: source.table.sqlName, isKeyTable: false }
      : await buildKeyTable(connections.postgres, run, context.dataType, keysQuery(context));
    listings.set(context.dataType, listing);
    const planned = await planPartitions(connections.postgres, context, listing, run.signal);
    unarchivable.set(context.dataType, planned.unarchivable);
    for (const { dataType, tenantId, month, rows: count } of planned.partitions) {
      const partition: Partition = { dataType, tenantId, month };
      rows.set(partitionKey(partition), { partition, rows: count });
    }
  }
  return { partitions: await withIndices(validation, sources, rows), listings, unarchivable };
}

/**
 * The partitions that have rows, and beside them those that have only an index, or had one with the only copy of purged
 * rows; newest month first.
 */
export async function withIndices(
  validation: ValidateRun,
  sources: readonly SourceKeys[],
  rows: ReadonlyMap<string, { partition: Partition; rows: number }>,
): Promise<PartitionPlan[]> {
  const { connections, options, counters } = validation;
  const { elasticsearch, settings, state, archive } = connections;
  const { scope } = options;
  const listedResources = scope.dataTypes.map((type) => logTypes[type].resource);
  const listed = await listIndices(elasticsearch, archive, settings.template.prefix, listedResources);
  const unreadable = new Map<string, UnreadableMonth>();
  for (const partition of aliasedMonths(listed.aliases, settings.template.prefix, scope))
    unreadable.set(partitionKey(partition), { ...partition, because: "alias" });
  const indices = new Map<string, { partition: Partition; index: ArchiveIndex }>();
  for (const index of listed.indices) {
    const partition: Partition = { dataType: dataTypeOf(index.resource), tenantId: index.tenantId, month: index.month };
    if (!isInScope(partition, scope)) continue;
    if (index.status === "closed") unreadable.set(partitionKey(partition), { ...partition, because: "closed" });
    indices.set(partitionKey(partition), { partition, index });
  }
  const purged = await purgedAlone(validation, (key) => rows.has(key) || indices.has(key));
  const states = new Map<string, PartitionState>();
  for (const known of await listPartitions(state, scope.tenantIds))
    states.set(partitionKey(known as Partition), known.state);

  const plans: PartitionPlan[] = [];
  for (const key of new Set([...rows.keys(), ...indices.keys(), ...purged.keys()])) {
    const partition = (rows.get(key)?.partition ?? indices.get(key)?.partition ?? purged.get(key))!;
    const count = rows.get(key)?.rows ?? 0;
    if (states.get(key) === "expired") {
      if (count > 0) counters.warn(expiredWarning(partition, count));
      continue;
    }
    if (unreadable.has(key)) continue;
    const keys = sources.find(({ context }) => context.dataType === partition.dataType)!;
    const wholeMonth = coversWholeMonth(partition, scope);
    plans.push({
      ...partition,
      keys,
      rows: count,
      index: indices.get(key)?.index,
      range: partitionRange(partition, scope, keys.context.timeZone)!,
      within: wholeMonth ? {} : partitionRange(partition, scope, "UTC")!,
      coversWholeMonth: wholeMonth,
    });
  }
  for (const tenantId of scope.tenantIds) {
    if ([...plans, ...unreadable.values()].some((plan) => plan.tenantId === tenantId)) continue;
    counters.warn(`Tenant ${tenantId} has no rows and no documents in this range.`);
  }
  counters.report.partitions.total = plans.length;
  counters.report.unreadable = [...unreadable.values()];
  return inOrder(plans, "newest");
}

/** Of the scope, and known by nothing else. The journal is counted only where there is one: it may be large. */
async function purgedAlone(
  { connections: { state }, options: { scope } }: ValidateRun,
  isKnown: (key: string) => boolean,
): Promise<Map<string, Partition>> {
  const isAlone = (one: Partition): boolean => isInScope(one, scope) && !isKnown(partitionKey(one));
  const suspects = ((await purgedPartitions(state)) as readonly Partition[]).filter(isAlone);
  if (suspects.length === 0) return new Map();
  const tenants = [...new Set(suspects.map(({ tenantId }) => tenantId))];
  const found = ((await onlyCopies(state, tenants)) as readonly Partition[]).filter(isAlone);
  return new Map(
    found.map(({ dataType, tenantId, month }) => [
      partitionKey({ dataType, tenantId, month }),
      { dataType, tenantId, month },
    ]),
  );
}

export function expiredWarning(partition: Partition, rows: number): string {
  return `${partitionKey(partition)} is past its retention and has no index; its ${rows} rows are left out.`;
}
