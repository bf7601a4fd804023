import { isAbort } from "../../engine/errors.ts";
import { appliedMigrations, upgradeState } from "../state/upgrade.ts";
import { type Run, inRun } from "../../runs/run.ts";
import { archiveHome } from "../run-home.ts";
import type { Connections } from "../connections.ts";
import { utcToLocal } from "../documents/time-zone.ts";
import { type DataType, dataTypes, type Partition, partitionKey } from "../partitions/log-types.ts";
import { dropKeyTables } from "../partitions/key-tables.ts";
import { migrateDefaults } from "../copying/options.ts";
import { whenFree } from "../partitions/partition-lock.ts";
import { requireAccess } from "../preflight/preflight.ts";
import { partitionRange, type Scope } from "../partitions/scope.ts";
import { type Cleanup, type CleanupWatch, countUnmigrated, planType, type TypePlan } from "./cleanup-plan.ts";
import type { Reference } from "./tables/id-tables.ts";
import { keepReason } from "./keep-rules.ts";
import type { CleanupOptions } from "./options.ts";
import { DeletePace, deleteSeconds } from "./delete-pace.ts";
import { type PretendedRows, pretendedRows } from "./pretended-rows.ts";
import { purgeFiles, storageOf } from "./files/purge-files.ts";
import { purgePartition, type TypePurge } from "./purge-partition.ts";
import {
  childrenOfRuns,
  findReferences,
  type References,
  relatedTables,
  unindexedPredicates,
} from "./tables/related-tables.ts";
import { CleanupCounters, type CleanupReport } from "./report.ts";
import { findDeleteTriggers } from "./tables/delete-triggers.ts";
import { findForeignKeys, sqlNamesOf } from "./tables/foreign-keys.ts";
import { requireEveryRowSeen } from "./tables/keep-tables.ts";
import { requireDeletable } from "./requirements.ts";

// src/workflow-logs/cleanup deletes rows that are archived, and with them their files (files/). A row goes only in
// the version that was compared with its document, and with a note in the journal. It never deletes a document.

/** Node executions and app logs before the runs they belong to. */
const childrenFirst: readonly DataType[] = ["node_executions", "app_logs", "workflow_runs"];

/**
 * Deletes a tenant's logs before a date from PostgreSQL, each row only after its document was read back and found
 * equal, and returns what went and why the rest stayed. A dry run does the same without deleting, and writes into our
 * own schema alone. Stopped or killed it goes on when called again. Throws AppError with the state it left.
 *
 * @example
 * ```ts
 * import { cleanupDefaults, cleanupPg, dataTypes, noProgress, openArchive, parseConfig } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const tenantId = process.env["TENANT_ID"]!;
 * const options = { ...cleanupDefaults, tenantId, dataTypes, before: "2026-01-01 00:00:00.000000", dryRun: true };
 * const watch = { signal: new AbortController().signal, progress: noProgress };
 * const report = await cleanupPg(archive.connections, options, watch);
 * console.log(report.byTable);
 * await archive.close();
 * ```
 */
export async function cleanupPg(
  connections: Connections,
  options: CleanupOptions,
  watch: CleanupWatch,
): Promise<CleanupReport> {
  const { postgres, state } = connections;
  await storageOf(connections, options)?.check();
  const scope: Scope = { dataTypes: options.dataTypes, tenantIds: [options.tenantId], end: options.before };
  const { sources } = await requireAccess(
    connections,
    { ...migrateDefaults, scope: { ...scope, dataTypes } },
    "cleanup-pg",
  );
  await requireEveryRowSeen(postgres);
  const related = await relatedTables(postgres, sources);
  const foreignKeys = await findForeignKeys(postgres, related);
  const deleteTriggers = await findDeleteTriggers(postgres, sqlNamesOf(related));
  await requireDeletable(postgres, sqlNamesOf(related), { foreignKeys, deleteTriggers });

  const counters = new CleanupCounters(options);
  counters.report.unindexed = unindexedPredicates(related, foreignKeys);
  counters.report.foreignKeys = foreignKeys.all.map(({ name, table, refersTo, onDelete }) => ({
    name,
    table,
    refersTo,
    onDelete,
    rows: 0,
  }));
  counters.report.deleteTriggers = deleteTriggers.map(({ name, table }) => ({ name, table }));
  const cleanup: Cleanup = {
    connections,
    options,
    scope,
    sources,
    related,
    foreignKeys,
    deleteTriggers,
    counters,
    watch,
  };
  if (options.dryRun && (await appliedMigrations(state)).length === 0) {
    await countUnmigrated(cleanup, watch.signal);
    return counters.snapshot();
  }
  await upgradeState(state);
  const limits = { batchRows: options.batchRows };
  const description = { command: counters.report.command, options, limits, report: () => counters.snapshot() };
  try {
    await inRun(archiveHome(connections, watch), description, watch, async (run) => {
      const end = await purgeAll(cleanup, run);
      if (options.dryRun) counters.report.estimates = { seconds: deleteSeconds(counters.eligible) };
      if (end === "interrupted") counters.report.status = end;
      else if (!options.dryRun && counters.hasFindings) counters.report.status = "completed_with_findings";
      return end === "completed" && counters.hasFindings ? "completed_with_errors" : end;
    });
  } finally {
    watch.progress.stop();
  }
  return counters.snapshot();
}

type End = "completed" | "interrupted";

async function purgeAll(cleanup: Cleanup, run: Run): Promise<End> {
  const { connections, options, related, foreignKeys, counters, watch } = cleanup;
  const { postgres, state } = connections;
  counters.report.runId = run.id;
  await dropKeyTables(state, run.locks, run.id);
  try {
    const references = await findReferences(postgres, run, related, foreignKeys, options.tenantId);
    const plans: TypePlan[] = [];
    for (const dataType of childrenFirst.filter((type) => options.dataTypes.includes(type))) {
      plans.push(await planType(cleanup, run, dataType));
    }
    const planned = plans.flatMap(({ partitions }) => partitions);
    watch.progress.plan(
      planned.reduce((sum, { rows }) => sum + rows, 0),
      planned.length,
    );
    const pace = new DeletePace(postgres, options, run);
    const pretended = new Map<DataType, PretendedRows>();
    for (const plan of plans) {
      if (options.dryRun) pretended.set(plan.dataType, await pretendedRows(connections, run, plan.source));
      const purge: TypePurge = {
        ...cleanup,
        ...plan,
        run,
        progress: watch.progress,
        pace,
        keepReason: await rulesOf(cleanup, run, plan.dataType, references, pretended),
        pretend: pretended.get(plan.dataType)?.add,
        atStep: watch.atStep ?? (() => {}),
      };
      if ((await purgeType(purge, plan, cleanup.scope)) === "interrupted") return "interrupted";
    }
    return await purgeFiles(cleanup, run, pretended.get("node_executions"));
  } catch (error) {
    if (run.signal.aborted && isAbort(error)) return "interrupted";
    throw error;
  } finally {
    await dropKeyTables(state, run.locks, run.id).catch(() => {}); // the next run drops them
  }
}

async function purgeType(purge: TypePurge, { dataType, partitions }: TypePlan, scope: Scope): Promise<End> {
  const { connections, progress, run } = purge;
  for (const { tenantId, month, rows, bytes } of partitions) {
    const partition: Partition = { dataType, tenantId, month };
    const key = partitionKey(partition);
    const range = partitionRange(partition, scope, connections.settings.sourceTimeZone)!;
    const end = await whenFree(run, partition, async () => {
      progress.partitionStarted(key, `${dataType} ${month}`, rows, 0);
      return purgePartition(purge, partition, { rows, bytes }, range).finally(() => progress.partitionFinished(key));
    });
    if (end === "interrupted") return end;
  }
  return "completed";
}

/** Call when all that belongs to rows of this type has been purged: what is left of it is looked for now. */
async function rulesOf(
  { connections, options, related }: Cleanup,
  run: Run,
  dataType: DataType,
  references: References,
  pretended: ReadonlyMap<DataType, PretendedRows>,
): Promise<string> {
  const timeZone = connections.settings.sourceTimeZone;
  const children: Reference[] = [];
  if (dataType === "workflow_runs") {
    for (const [type, table] of [
      ["node_executions", related.nodes],
      ["app_logs", related.logs],
    ] as const) {
      const except = pretended.get(type)?.contains;
      children.push(await childrenOfRuns(connections.postgres, run, table, options.tenantId, except));
    }
  }
  return keepReason(dataType, {
    related,
    references,
    hasState: true,
    timeZone,
    cutoff: utcToLocal(options.before, timeZone),
    children,
  });
}
