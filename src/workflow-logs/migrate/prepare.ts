import { AppError } from "../../engine/errors.ts";
import { type ArchiveIndex, listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import { countOpenRows } from "../state/partitions/open-rows.ts";
import { beginListed } from "../state/partitions/listed-scopes.ts";
import { listPartitions, type PartitionRecord } from "../state/partitions/partitions.ts";
import type { Run } from "../../runs/run.ts";
import type { Connections } from "../connections.ts";
import { areQuickToRead } from "../partitions/estimates.ts";
import { type DataType, type Partition, partitionKey, resources } from "../partitions/log-types.ts";
import { shardBudgetFinding } from "../preflight/elasticsearch-checks.ts";
import type { Inspection } from "../preflight/finding.ts";
import {
  keysQuery,
  keyTableQuery,
  onlyNewSettings,
  type PlanContext,
  unarchivableQuery,
} from "../partitions/plan-query.ts";
import { newIndices } from "../partitions/new-indices.ts";
import type { Listing } from "../rows/row-query.ts";
import { isInScope, type Scope } from "../partitions/scope.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import { buildKeyTable } from "../partitions/key-tables.ts";
import type { MigrateOptions } from "../copying/options.ts";
import { howToSaveScans } from "./listing/how-to-save-scans.ts";
import { type HowToList, howToList, type Listings } from "./listing/how-to-list.ts";
import { countAgain, knownMonths, monthsThatLack, monthsWithFewer } from "./shortfalls.ts";
import { inOrder, type PlannedPartition, planPartitions, type SourcePlan } from "../partitions/plan.ts";
import type { MigrateCounters } from "../copying/report.ts";

/** What a run is to do. */
export interface Prepared {
  readonly plans: SourcePlan[];
  readonly partitions: PlannedPartition[];
  readonly listings: Listings;
}

/**
 * Lists what is to be copied, into a key table where no index serves: by what was noted, or by an index, where that is
 * certain to be all (listing/how-to-list.ts), else with one scan of the log table. Counts what is there already,
 * records rows that can never be archived, and throws AppError when the cluster has no room for the indices that would
 * be made.
 */
export async function prepare(
  connections: Connections,
  { sources, cluster }: Inspection,
  options: MigrateOptions,
  run: Run,
  counters: MigrateCounters,
  watch: { readonly isCaptured: boolean; readonly note: (text: string) => void },
): Promise<Prepared> {
  const { postgres, elasticsearch, settings, archive, state } = connections;
  const { scope } = options;
  const known = await listPartitions(state, scope.tenantIds); // first, or one made meanwhile has no index
  const { indices } = await listIndices(elasticsearch, archive, settings.template.prefix, resources);
  const indexUuids = options.restart ? undefined : indices.map((index) => index.uuid);
  const copiedBefore = indexUuids === undefined ? [] : knownMonths(known, scope, indices);
  const suspects = await monthsWithFewer(connections, copiedBefore);
  const listings = await howToList(connections, sources, {
    restart: options.restart,
    scope,
    isCaptured: watch.isCaptured,
    partitions: known,
    indexUuids: new Set(indexUuids),
    suspects,
  });
  const plans: SourcePlan[] = [];
  const lacking: Partition[] = [];
  for (const source of sources) {
    const { dataType } = source.logType;
    const how = listings.byDataType.get(dataType)!;
    await beginListing(connections, source, how, options, run, counters, watch);
    const context: PlanContext = {
      dataType,
      table: source.table,
      scope,
      only: how.only,
      timeZone: zoneOf(source, settings.sourceTimeZone),
      indexUuids,
      keysOnly: source.hasServingIndex,
      countConfirmed: how.only === undefined && copiedBefore.some((month) => month.dataType === dataType),
    };
    const listing = source.hasServingIndex
      ? { sqlName: source.table.sqlName, isKeyTable: false }
      : await buildKeyTable(postgres, run, dataType, keyTableQuery(context), how.only && onlyNewSettings);
    const plan = await planPartitions(postgres, context, listing, run.signal);
    if (plan.unarchivable > 0) await recordUnarchivable(connections, context, listing, run, counters);
    counters.add(dataType, { source: plan.partitions.reduce((sum, partition) => sum + partition.rows, 0) });
    plans.push({ source, listing, ...plan, isNoted: how.only?.by === "notes" });
    if (how.only !== undefined) continue;
    const ofType = copiedBefore.filter((month) => month.dataType === dataType);
    const thatLack = await monthsThatLack(connections, dataType, ofType, plan.confirmed);
    const lackingKeys = new Set(thatLack.map(partitionKey));
    lacking.push(...thatLack);
    await countAgain(
      connections,
      suspects.filter((month) => month.dataType === dataType && !lackingKeys.has(partitionKey(month))),
    );
  }
  const unfinished = copiedBefore.filter(
    (month) => month.state === "copying" && listings.byDataType.get(month.dataType)!.only !== undefined,
  );
  const tenants = countKnown(known, scope, new Set(indexUuids), counters);
  const notNoted = new Set(
    plans.filter(({ isNoted }) => isNoted !== true).map(({ source }) => source.logType.dataType),
  );
  const planned = withMonths(
    plans.flatMap((plan) => plan.partitions),
    [
      ...unfinished.map((month) => ({ month })),
      ...lacking.map((month) => ({ month, lacksDocuments: true })),
      ...(await monthsWithOpenRows(connections, scope, notNoted)),
    ],
  );
  requireShards(connections, cluster, planned, indices);
  for (const tenantId of scope.tenantIds) {
    if (tenants.has(tenantId) || planned.some((partition) => partition.tenantId === tenantId)) continue;
    counters.warn(`Tenant ${tenantId} has no rows in this range.`);
  }
  const partitions = inOrder(planned, options.order);
  counters.partitionsPlanned(partitions.length);
  return { plans, partitions, listings };
}

async function recordUnarchivable(
  { postgres }: Connections,
  context: PlanContext,
  listing: Listing,
  run: Run,
  counters: MigrateCounters,
): Promise<void> {
  const keys = listing.isKeyTable ? `select * from ${listing.sqlName}` : keysQuery(context);
  const added = await postgres.query<{ id: string; tenantId: string; type: string; reason: string }>(
    unarchivableQuery(context, keys, run.id),
  );
  for (const { id, tenantId, type, reason } of added.rows) {
    counters.add(context.dataType, { source: 1 });
    counters.refused({ dataType: context.dataType, tenantId, id, type, message: reason });
  }
}

/**
 * Says how the table is listed, aloud where that takes a while; where it is read whole, that counts for later runs once
 * this one has copied all.
 */
async function beginListing(
  { postgres, state }: Connections,
  { table }: SourceTable,
  { dataType, only, why, next }: HowToList,
  { scope }: MigrateOptions,
  run: Run,
  counters: MigrateCounters,
  { isCaptured, note }: { readonly isCaptured: boolean; readonly note: (text: string) => void },
): Promise<void> {
  counters.report.planning.push({ dataType, by: only?.by ?? "scan", ...(why !== undefined && { why }) });
  if (why === undefined) return;
  const advice = !isCaptured && next.since === null ? ` ${howToSaveScans(table.name)}` : "";
  if (!(await areQuickToRead(postgres, [table]))) note(`Reading ${table.name} from end to end: ${why}.${advice}`);
  await beginListed(state, dataType, scope, run.id, next);
}

/** Counts rows copied before as skipped; returns the tenants that have any. */
function countKnown(
  partitions: readonly PartitionRecord[],
  scope: Scope,
  existing: ReadonlySet<string>,
  counters: MigrateCounters,
): Set<string> {
  const tenants = new Set<string>();
  for (const known of partitions) {
    const dataType = known.dataType as DataType;
    if (!existing.has(known.indexUuid) || !isInScope({ ...known, dataType }, scope)) continue;
    counters.add(dataType, { source: known.copiedRows, skipped: known.copiedRows });
    tenants.add(known.tenantId);
  }
  return tenants;
}

interface LookedAt extends Partial<Pick<PlannedPartition, "lacksDocuments" | "openRows">> {
  readonly month: Partition;
}

/** The partitions, and beside them months that have nothing new; what is said of a month is said of its partition. */
function withMonths(planned: readonly PlannedPartition[], months: readonly LookedAt[]): PlannedPartition[] {
  const byKey = new Map(planned.map((partition) => [partitionKey(partition), partition]));
  for (const { month: place, ...what } of months) {
    const { dataType, tenantId, month } = place;
    const nothingNew = { dataType, tenantId, month, rows: 0, bytes: 0, listedAgain: 0, openRows: 0 };
    byKey.set(partitionKey(place), { ...(byKey.get(partitionKey(place)) ?? nothingNew), ...what });
  }
  return [...byKey.values()];
}

/** Where rows of these types had not ended when they were copied. */
async function monthsWithOpenRows(
  { state }: Connections,
  scope: Scope,
  types: ReadonlySet<DataType>,
): Promise<LookedAt[]> {
  if (types.size === 0) return [];
  return (await countOpenRows(state)).flatMap(({ rows: openRows, ...place }) => {
    const month = place as Partition;
    return types.has(month.dataType) && isInScope(month, scope) ? [{ month, openRows }] : [];
  });
}

function requireShards(
  { settings }: Connections,
  cluster: Inspection["cluster"],
  partitions: readonly PlannedPartition[],
  existing: readonly ArchiveIndex[],
): void {
  const { shards, replicas } = settings.template;
  const indices = newIndices(settings.template, partitions, existing);
  const finding = shardBudgetFinding(cluster, { indices, shards: indices * shards * (1 + replicas) });
  if (finding.level === "fail")
    throw new AppError("shard_limit", `The cluster has no room for the indices: ${finding.message}`, {
      hint: `${finding.hint} Nothing was copied.`,
    });
}
