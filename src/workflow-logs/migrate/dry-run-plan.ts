import type { ArchiveIndex } from "../../stores/elasticsearch/indices/index-list.ts";
import { captureState } from "../capture/status.ts";
import type { Connections } from "../connections.ts";
import type { MigrateOptions } from "../copying/options.ts";
import { areQuickToRead, estimateMonths, estimateTable } from "../partitions/estimates.ts";
import type { DataType, Partition } from "../partitions/log-types.ts";
import { planPartitions, type SourcePlan } from "../partitions/plan.ts";
import type { OnlyNew, PlanContext } from "../partitions/plan-query.ts";
import { isInScope, type Scope } from "../partitions/scope.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import { listPartitions, type PartitionRecord } from "../state/partitions/partitions.ts";
import { appliedMigrations, pendingMigrations } from "../state/upgrade.ts";
import { howToList } from "./listing/how-to-list.ts";

/** What would be copied of a log table. */
export interface DryRunSource extends SourcePlan {
  readonly rows: number;
  readonly bytes: number;
  /** By the planner's statistics and the state: then no partitions are named, and as many new ones come at most. */
  readonly estimatedMonths: number | undefined;
  /** Indices that these need, at most. */
  readonly estimatedIndices: number;
  readonly context: PlanContext;
}

/**
 * Counts the rows that would be copied where that takes a moment, or `exact` asks for it: where notes or an index tell
 * what is new, and of small tables. Estimates them else. Writes nothing.
 */
export async function planSources(
  connections: Connections,
  sources: readonly SourceTable[],
  indices: readonly ArchiveIndex[],
  { scope, restart }: MigrateOptions,
  exact: boolean,
  signal: AbortSignal,
): Promise<DryRunSource[]> {
  const { postgres, state, settings } = connections;
  const hasState = (await appliedMigrations(state)).length > 0;
  const indexUuids = hasState && !restart ? indices.map(({ uuid }) => uuid) : undefined;
  const known = indexUuids === undefined ? [] : await listPartitions(state, scope.tenantIds);
  const only = indexUuids === undefined ? undefined : await onlyNew(connections, sources, scope, known, indexUuids);
  const isQuick =
    exact ||
    (await areQuickToRead(
      postgres,
      sources.map(({ table }) => table),
    ));
  const planned: DryRunSource[] = [];
  for (const source of sources) {
    const { dataType } = source.logType;
    const timeZone = zoneOf(source, settings.sourceTimeZone);
    const context: PlanContext = {
      dataType,
      table: source.table,
      scope,
      timeZone,
      indexUuids,
      only: exact ? undefined : only?.get(dataType),
    };
    if (isQuick || context.only !== undefined) {
      const plan = await planPartitions(postgres, context, undefined, signal);
      const rows = plan.partitions.reduce((sum, partition) => sum + partition.rows, 0);
      const bytes = plan.partitions.reduce((sum, partition) => sum + partition.bytes, 0);
      planned.push({
        source,
        listing: undefined,
        ...plan,
        rows,
        bytes,
        estimatedMonths: undefined,
        estimatedIndices: 0,
        context,
      });
      continue;
    }
    const copied = known.filter((one) => isStillThere(one, dataType, scope, indexUuids));
    planned.push(await estimated(connections, source, context, copied));
  }
  return planned;
}

async function onlyNew(
  connections: Connections,
  sources: readonly SourceTable[],
  scope: Scope,
  partitions: readonly PartitionRecord[],
  indexUuids: readonly string[],
): Promise<Map<DataType, OnlyNew | undefined> | undefined> {
  if ((await pendingMigrations(connections.state)).length > 0) return undefined;
  const isCaptured = (await captureState(connections)).installed;
  const { byDataType } = await howToList(connections, sources, {
    restart: false,
    scope,
    isCaptured,
    partitions,
    indexUuids: new Set(indexUuids),
    suspects: [],
  });
  return new Map([...byDataType].map(([dataType, { only }]) => [dataType, only]));
}

/** Its rows were copied, and none was purged: they are among those that the planner knows of. */
function isStillThere(
  one: PartitionRecord,
  dataType: DataType,
  scope: Scope,
  indexUuids: readonly string[] | undefined,
): boolean {
  return (
    one.dataType === dataType &&
    !one.wasPurged &&
    indexUuids?.includes(one.indexUuid) === true &&
    isInScope(one as Partition & PartitionRecord, scope)
  );
}

async function estimated(
  { postgres, settings }: Connections,
  source: SourceTable,
  context: PlanContext,
  copied: readonly PartitionRecord[],
): Promise<DryRunSource> {
  const estimate = await estimateTable(postgres, context);
  const rows = Math.max(0, estimate.rows - copied.reduce((sum, { copiedRows }) => sum + copiedRows, 0));
  const months = await estimateMonths(postgres, context);
  const atMost = (all: number, there: number): number => (rows === 0 ? 0 : Math.min(rows, Math.max(1, all - there)));
  const estimatedMonths = atMost(months === undefined ? 1 : months.months * months.tenants, copied.length);
  const shared = new Set(copied.map(({ month }) => month)).size;
  const estimatedIndices =
    settings.template.layout === "shared" ? atMost(months?.months ?? 1, shared) : estimatedMonths;
  const bytes =
    estimate.rows === 0 ? 0 : Math.round((estimate.bytes / Math.max(estimate.rows, source.table.estimatedRows)) * rows);
  const none = { listing: undefined, partitions: [], unarchivable: 0, confirmed: new Map() };
  return { source, ...none, rows, bytes, estimatedMonths, estimatedIndices, context };
}
