import { AppError } from "../../engine/errors.ts";
import { listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import { indexName } from "../../stores/elasticsearch/indices/index-names.ts";
import { countOpenRows } from "../state/partitions/open-rows.ts";
import { listPartitions } from "../state/partitions/partitions.ts";
import type { Run } from "../../runs/run.ts";
import type { Connections } from "../connections.ts";
import { type DataType, logTypes, type Partition, partitionKey, resources } from "../partitions/log-types.ts";
import { shardBudgetFinding } from "../preflight/elasticsearch-checks.ts";
import type { Inspection } from "../preflight/finding.ts";
import { keysQuery, keyTableQuery, type PlanContext, unarchivableQuery } from "../partitions/plan-query.ts";
import type { Listing } from "../rows/row-query.ts";
import { isInScope } from "../partitions/scope.ts";
import { zoneOf } from "../partitions/source-schema.ts";
import { buildKeyTable } from "../partitions/key-tables.ts";
import type { MigrateOptions } from "../copying/options.ts";
import { knownMonths, monthsThatLack } from "./shortfalls.ts";
import { inOrder, type PlannedPartition, planPartitions, type SourcePlan } from "../partitions/plan.ts";
import type { MigrateCounters } from "../copying/report.ts";

/**
 * Lists what is to be copied, with one scan of each log table, into a key table where no index serves. Counts what is
 * there already, records rows that can never be archived, and throws AppError when the cluster has no room for the
 * indices that would be made.
 */
export async function prepare(
  connections: Connections,
  { sources, cluster }: Inspection,
  options: MigrateOptions,
  run: Run,
  counters: MigrateCounters,
): Promise<{ plans: SourcePlan[]; partitions: PlannedPartition[] }> {
  const { postgres, elasticsearch, settings, archive } = connections;
  const { indices } = await listIndices(elasticsearch, archive, settings.template.prefix, resources);
  const indexUuids = options.restart ? undefined : indices.map((index) => index.uuid);
  const copiedBefore = indexUuids === undefined ? [] : await knownMonths(connections, options.scope, indices);
  const plans: SourcePlan[] = [];
  const lacking: Partition[] = [];
  for (const source of sources) {
    const { dataType } = source.logType;
    const context: PlanContext = {
      dataType,
      table: source.table,
      scope: options.scope,
      timeZone: zoneOf(source, settings.sourceTimeZone),
      indexUuids,
      keysOnly: source.hasServingIndex,
      countConfirmed: copiedBefore.some((known) => known.dataType === dataType),
    };
    const listing = source.hasServingIndex
      ? { sqlName: source.table.sqlName, isKeyTable: false }
      : await buildKeyTable(postgres, run, dataType, keyTableQuery(context));
    const plan = await planPartitions(postgres, context, listing, run.signal);
    if (plan.unarchivable > 0) await recordUnarchivable(connections, context, listing, run, counters);
    counters.add(dataType, { source: plan.partitions.reduce((sum, partition) => sum + partition.rows, 0) });
    plans.push({ source, listing, ...plan });
    lacking.push(...(await monthsThatLack(connections, dataType, copiedBefore, plan.confirmed)));
  }
  const known = await countKnown(connections, options, new Set(indexUuids ?? []), counters);
  const planned = await withOpenRows(
    withLacking(
      plans.flatMap((plan) => plan.partitions),
      lacking,
    ),
    connections,
    options,
  );
  requireShards(connections, cluster, planned, new Set(indices.map((index) => index.name)));
  for (const tenantId of options.scope.tenantIds) {
    if (known.has(tenantId) || planned.some((partition) => partition.tenantId === tenantId)) continue;
    counters.warn(`Tenant ${tenantId} has no rows in this range.`);
  }
  const partitions = inOrder(planned, options.order);
  counters.partitionsPlanned(partitions.length);
  return { plans, partitions };
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

/** Counts rows copied before as skipped; returns the tenants that have any. */
async function countKnown(
  { state }: Connections,
  { scope }: MigrateOptions,
  existing: ReadonlySet<string>,
  counters: MigrateCounters,
): Promise<Set<string>> {
  const tenants = new Set<string>();
  for (const known of await listPartitions(state, scope.tenantIds)) {
    const dataType = known.dataType as DataType;
    if (!existing.has(known.indexUuid) || !isInScope({ ...known, dataType }, scope)) continue;
    counters.add(dataType, { source: known.copiedRows, skipped: known.copiedRows });
    tenants.add(known.tenantId);
  }
  return tenants;
}

/** The partitions, and beside them those that have nothing new but fewer documents than they should. */
function withLacking(planned: readonly PlannedPartition[], lacking: readonly Partition[]): PlannedPartition[] {
  const byKey = new Map(planned.map((partition) => [partitionKey(partition), partition]));
  for (const partition of lacking) {
    const known = byKey.get(partitionKey(partition)) ?? {
      ...partition,
      rows: 0,
      bytes: 0,
      listedAgain: 0,
      openRows: 0,
    };
    byKey.set(partitionKey(partition), { ...known, lacksDocuments: true });
  }
  return [...byKey.values()];
}

/** The partitions, and beside them those that have nothing new but rows that had not ended when they were copied. */
async function withOpenRows(
  planned: readonly PlannedPartition[],
  { state }: Connections,
  { scope }: MigrateOptions,
): Promise<PlannedPartition[]> {
  const byKey = new Map(planned.map((partition) => [partitionKey(partition), partition]));
  for (const { rows, ...partition } of await countOpenRows(state)) {
    const open = partition as Partition;
    if (!isInScope(open, scope)) continue;
    const known = byKey.get(partitionKey(open)) ?? { ...open, rows: 0, bytes: 0, listedAgain: 0 };
    byKey.set(partitionKey(open), { ...known, openRows: rows });
  }
  return [...byKey.values()];
}

function requireShards(
  { settings }: Connections,
  cluster: Inspection["cluster"],
  partitions: readonly PlannedPartition[],
  existing: ReadonlySet<string>,
): void {
  const { prefix, shards, replicas } = settings.template;
  const indices = partitions.filter(
    ({ dataType, tenantId, month }) =>
      !existing.has(indexName({ prefix, resource: logTypes[dataType].resource, tenantId, month })),
  ).length;
  const finding = shardBudgetFinding(cluster, { indices, shards: indices * shards * (1 + replicas) });
  if (finding.level === "fail")
    throw new AppError("shard_limit", `The cluster has no room for the indices: ${finding.message}`, {
      hint: `${finding.hint} Nothing was copied.`,
    });
}
