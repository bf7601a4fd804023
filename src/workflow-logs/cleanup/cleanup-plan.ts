import type { Run, RunWatch } from "../../runs/run.ts";
import type { Connections } from "../connections.ts";
import type { DataType } from "../partitions/log-types.ts";
import { buildKeyTable } from "../partitions/key-tables.ts";
import { inOrder, type PlannedPartition, planPartitions } from "../partitions/plan.ts";
import { keysQuery, type PlanContext } from "../partitions/plan-query.ts";
import type { Listing } from "../rows/row-query.ts";
import type { Scope } from "../partitions/scope.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import type { AtStep } from "./delete-rows.ts";
import type { KnownActors } from "./key-effects.ts";
import type { CleanupOptions } from "./options.ts";
import type { RelatedTables } from "./tables/related-tables.ts";
import type { CleanupCounters } from "./report.ts";

export interface CleanupWatch extends RunWatch {
  /** For tests: called between the steps of the purge; what it throws ends the run there. */
  readonly atStep?: AtStep;
}

/** What one cleanup works with. */
export interface Cleanup extends KnownActors {
  readonly connections: Connections;
  readonly options: CleanupOptions;
  readonly scope: Scope;
  /** Of all data types, also those that are not asked to go. */
  readonly sources: readonly SourceTable[];
  readonly related: RelatedTables;
  readonly counters: CleanupCounters;
  readonly watch: CleanupWatch;
}

export interface TypePlan {
  readonly dataType: DataType;
  readonly source: SourceTable;
  readonly listing: Listing;
  readonly partitions: readonly PlannedPartition[];
}

/** The partitions that have rows before the date, oldest first, from one scan of the log table. */
export async function planType(cleanup: Cleanup, run: Run, dataType: DataType): Promise<TypePlan> {
  const { connections, scope, sources, counters } = cleanup;
  const { postgres } = connections;
  const source = sources.find(({ logType }) => logType.dataType === dataType)!;
  const context = planContext(connections, source, scope);
  const listing = source.hasServingIndex
    ? { sqlName: source.table.sqlName, isKeyTable: false }
    : await buildKeyTable(postgres, run, dataType, keysQuery(context));
  const plan = await planPartitions(postgres, context, listing, run.signal);
  count(counters, dataType, plan);
  return { dataType, source, listing, partitions: inOrder(plan.partitions, "oldest") };
}

/**
 * Where nothing was ever copied there is nothing to compare with: a dry run says so without making tables of our own.
 */
export async function countUnmigrated(cleanup: Omit<Cleanup, "watch">, signal: AbortSignal): Promise<void> {
  const { connections, sources, scope, counters } = cleanup;
  for (const source of sources.filter(({ logType }) => scope.dataTypes.includes(logType.dataType))) {
    const { dataType } = source.logType;
    const plan = await planPartitions(connections.postgres, planContext(connections, source, scope), undefined, signal);
    count(counters, dataType, plan);
    for (const partition of plan.partitions) {
      counters.kept(dataType, "not_migrated", partition.rows, partition.bytes);
    }
  }
}

function count(
  counters: CleanupCounters,
  dataType: DataType,
  plan: { partitions: readonly PlannedPartition[]; unarchivable: number },
): void {
  counters.planned(dataType, plan.partitions.reduce((sum, { rows }) => sum + rows, 0) + plan.unarchivable);
  counters.kept(dataType, "unarchivable", plan.unarchivable);
}

function planContext({ settings }: Connections, { table, logType }: SourceTable, scope: Scope): PlanContext {
  const { dataType } = logType;
  return { dataType, table, scope, timeZone: settings.sourceTimeZone, indexUuids: undefined };
}
