import { randomUUID } from "node:crypto";
import { Pacing } from "../../engine/pacing.ts";
import { RefusalLimit } from "../../engine/refusal-limit.ts";
import { BulkBodies } from "../../stores/elasticsearch/bulk-body.ts";
import { BulkWriter } from "../../stores/elasticsearch/bulk-writer.ts";
import { listIndices } from "../../stores/elasticsearch/index-list.ts";
import { installTemplates } from "../../stores/elasticsearch/templates.ts";
import { AdvisoryLocks } from "../../stores/postgres/advisory-locks.ts";
import { countOpenRows } from "../../stores/postgres/state/open-rows.ts";
import { listPartitions } from "../../stores/postgres/state/partitions.ts";
import { createRun, finishRun, runLockName } from "../../stores/postgres/state/runs.ts";
import { upgradeState } from "../../stores/postgres/state/upgrade.ts";
import type { Connections } from "../connections.ts";
import { type DataType, logTypes, type Partition, partitionKey, resources } from "../log-types.ts";
import type { ProgressSink } from "../progress.ts";
import { keysQuery, type PlanContext, unarchivableQuery } from "../repositories/plan-query.ts";
import { type Scope, partitionRange } from "../scope.ts";
import { inspectSource, type SourceTable } from "../source-schema.ts";
import { copyAll } from "./copy-all.ts";
import { buildKeyTable, dropKeyTables } from "./key-tables.ts";
import type { MigrateOptions } from "./options.ts";
import { inOrder, type PlannedPartition, planPartitions, type SourcePlan } from "./plan.ts";
import { MigrateCounters, type MigrateReport } from "./report.ts";
import { startHeartbeat } from "./heartbeat.ts";

/** A target that refuses this many records in a row has the wrong mapping; it is no matter of single records any more. */
const refusalsInARow = 1000;

export interface MigrateWatch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

/**
 * Copies the logs of the scope into Elasticsearch and returns the report. What was copied before is left alone; everything confirmed is in the
 * checkpoints, also when the run is interrupted or fails. Throws AppError with the state it left.
 */
export async function migrate(
  connections: Connections,
  options: MigrateOptions,
  watch: MigrateWatch,
): Promise<MigrateReport> {
  const { postgres, state, elasticsearch, settings } = connections;
  const sources = await inspectSources(connections, options.scope);
  await upgradeState(state);
  await installTemplates(elasticsearch, settings.template);

  const run = { id: randomUUID() };
  const counters = new MigrateCounters(options.scope.dataTypes, { runId: run.id, dryRun: false });
  const locks = await AdvisoryLocks.open(postgres);
  const signal = AbortSignal.any([watch.signal, locks.lost]);
  await locks.tryLock(runLockName(run.id));
  await createRun(state, { id: run.id, command: "elasticsearch migrate", options });
  const stopHeartbeat = startHeartbeat(state, run.id, () => counters.snapshot());
  try {
    await dropKeyTables(state, locks, run.id);
    const plans = await planAll(connections, sources, options, run, counters);
    const partitions = inOrder(
      plans.flatMap((plan) => plan.partitions),
      options.order,
    );
    announce(watch.progress, partitions, counters);

    const pacing = new Pacing({
      concurrency: options.concurrency,
      recordsPerSecond: options.recordsPerSecond,
      bytesPerSecond: options.bytesPerSecond,
    });
    const writer = new BulkWriter(elasticsearch, {
      maxRetries: settings.maxRetries,
      onWait: (reason) => reason !== undefined && watch.progress.note(reason),
    });
    const end = await copyAll(
      {
        connections,
        options,
        run,
        plans,
        locks,
        counters,
        pacing,
        writer,
        bodies: new BulkBodies(options.batchBytes),
        refusals: new RefusalLimit(refusalsInARow),
        progress: watch.progress,
      },
      partitions,
      signal,
    );
    if (locks.lost.aborted) throw locks.lost.reason;
    counters.report.status =
      end === "interrupted" ? "interrupted" : counters.report.errors.total > 0 ? "completed_with_errors" : "completed";
  } catch (error) {
    counters.report.status = "failed";
    await finishRun(state, run.id, { status: "failed", report: counters.snapshot(), error: String(error) }).catch(
      () => {},
    );
    throw error;
  } finally {
    watch.progress.stop();
    await stopHeartbeat();
    await dropKeyTables(state, locks, run.id).catch(() => {}); // the next run drops them
    locks.close();
  }
  const report = counters.snapshot();
  await finishRun(state, run.id, { status: report.status as "completed", report });
  return report;
}

async function inspectSources(connections: Connections, scope: Scope): Promise<SourceTable[]> {
  return Promise.all(scope.dataTypes.map((type) => inspectSource(connections.postgres, logTypes[type])));
}

/** Lists what is to be copied of each data type: one scan of each log table, into a key table where no index serves. */
async function planAll(
  connections: Connections,
  sources: readonly SourceTable[],
  options: MigrateOptions,
  run: { id: string },
  counters: MigrateCounters,
): Promise<SourcePlan[]> {
  const { postgres, state, elasticsearch, settings } = connections;
  const { indices } = await listIndices(elasticsearch, settings.template.prefix, resources);
  const indexUuids = options.restart ? [] : indices.map((index) => index.uuid);
  const plans: SourcePlan[] = [];
  for (const source of sources) {
    const { dataType } = source.logType;
    const context: PlanContext = {
      dataType,
      table: source.table,
      scope: options.scope,
      timeZone: settings.sourceTimeZone,
      indexUuids,
    };
    const listing = source.hasServingIndex
      ? { sqlName: source.table.sqlName, isKeyTable: false }
      : await buildKeyTable(postgres, run, dataType, keysQuery(context));
    const { partitions, unarchivable } = await planPartitions(postgres, context, listing);
    plans.push({ source, listing, partitions, unarchivable });
    if (unarchivable > 0) await recordUnarchivable(connections, context, listing, run, counters);
  }
  await addOpenRows(plans, connections, options.scope);
  await countSkipped(plans, connections, options, new Set(indexUuids), counters);
  return plans;

  async function addOpenRows(all: SourcePlan[], { state: db }: Connections, scope: Scope): Promise<void> {
    for (const { rows, ...partition } of await countOpenRows(db)) {
      const at = all.findIndex((plan) => plan.source.logType.dataType === partition.dataType);
      if (at < 0 || !isInScope(partition as Partition, scope, settings.sourceTimeZone)) continue;
      all[at] = { ...all[at]!, partitions: withOpenRows(all[at]!.partitions, partition as Partition, rows) };
    }
  }
}

function withOpenRows(
  partitions: readonly PlannedPartition[],
  partition: Partition,
  openRows: number,
): PlannedPartition[] {
  const key = partitionKey(partition);
  if (!partitions.some((planned) => partitionKey(planned) === key)) {
    return [...partitions, { ...partition, rows: 0, bytes: 0, listedAgain: 0, openRows }];
  }
  return partitions.map((planned) => (partitionKey(planned) === key ? { ...planned, openRows } : planned));
}

async function recordUnarchivable(
  { postgres }: Connections,
  context: PlanContext,
  listing: { sqlName: string; isKeyTable: boolean },
  run: { id: string },
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

async function countSkipped(
  plans: readonly SourcePlan[],
  { state, settings }: Connections,
  options: MigrateOptions,
  existing: ReadonlySet<string>,
  counters: MigrateCounters,
): Promise<void> {
  for (const plan of plans) {
    const rows = plan.partitions.reduce((sum, partition) => sum + partition.rows, 0);
    counters.add(plan.source.logType.dataType, { source: rows });
  }
  for (const known of await listPartitions(state, options.scope.tenantIds)) {
    const dataType = known.dataType as DataType;
    if (!existing.has(known.indexUuid) || !isInScope({ ...known, dataType }, options.scope, settings.sourceTimeZone))
      continue;
    counters.add(dataType, { source: known.copiedRows, skipped: known.copiedRows });
  }
}

function isInScope(partition: Partition, scope: Scope, timeZone: string): boolean {
  return (
    scope.dataTypes.includes(partition.dataType) &&
    (scope.tenantIds.length === 0 || scope.tenantIds.includes(partition.tenantId)) &&
    partitionRange(partition, scope, timeZone) !== undefined
  );
}

function announce(progress: ProgressSink, partitions: readonly PlannedPartition[], counters: MigrateCounters): void {
  counters.partitionsPlanned(partitions.length);
  progress.plan(partitions.reduce((sum, partition) => sum + partition.rows, 0));
}
