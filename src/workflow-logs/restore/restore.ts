import { isAbort } from "../../engine/errors.ts";
import { Pacing } from "../../engine/pacing.ts";
import { RefusalLimit } from "../../engine/refusal-limit.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import { BulkBodies } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { listRestoreFindings } from "../state/restore/restore-findings.ts";
import { forgetRestores, interruptedRestore } from "../state/restore/restores.ts";
import { pendingMigrations, upgradeState } from "../state/upgrade.ts";
import { inRun, type Run } from "../../runs/run.ts";
import { archiveHome } from "../run-home.ts";
import type { Connections } from "../connections.ts";
import { partitionKey } from "../partitions/log-types.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { initialLimits, pacingLimits } from "../../runs/run-limits.ts";
import { readSources } from "../../stores/elasticsearch/documents/mget-sources.ts";
import { isAlteredDocument } from "./left-out.ts";
import { inspectDocuments } from "./documents/inspect-documents.ts";
import { type RestoreOptions, restoreScope } from "./options.ts";
import { goneMeanwhile, type PlannedRestore, planRestore } from "./plan-restore.ts";
import { hasFindings, RestoreCounters, type RestoreReport, shownFindings } from "./report.ts";
import { compareOnly, type Restore, restorePartition } from "./restore-partition.ts";
import { requireOneSchema } from "../preflight/schema-check.ts";
import { requireRestorePrivileges, type RestoreTable, restoreTables } from "./restore-tables.ts";

// src/workflow-logs/restore brings rows back from their documents: documents/ reads them, columns/ fits them to the
// tables of today. A row that is there is never changed, and a document is never deleted.

export interface RestoreWatch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

/**
 * Batches side by side: while PostgreSQL inserts one, Elasticsearch gives the next; more would only take memory and
 * locks.
 */
const concurrency = 2;
/** So many rows refused one after the other are no matter of single rows: the table is another than it was. */
const refusalsInARow = 1000;

/**
 * Inserts the archived rows of one tenant that PostgreSQL lacks, parents first, every column exact, and returns the
 * report. Rows that are there are compared and never changed; the indices stay as they are. Run again, it goes on where
 * it was interrupted. Throws AppError, before anything is written, when the tables could not take every archived
 * column.
 *
 * @example
 * ```ts
 * import { dataTypes, noProgress, openArchive, parseConfig, restore, restoreDefaults } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const options = { ...restoreDefaults, tenantId: process.env["TENANT_ID"]!, dataTypes, dryRun: true };
 * const watch = { signal: new AbortController().signal, progress: noProgress };
 * const report = await restore(archive.connections, options, watch);
 * console.log(report.byTable);
 * await archive.close();
 * ```
 */
export async function restore(
  connections: Connections,
  options: RestoreOptions,
  watch: RestoreWatch,
): Promise<RestoreReport> {
  await requireOneSchema(connections.postgres);
  const tables = await restoreTables(connections, restoreScope(options));
  const names = tables.flatMap(({ table, offloads }) => [table.name, ...(offloads ? [offloads.table.name] : [])]);
  const counters = new RestoreCounters(options, names);
  const limits = { batchRows: options.batchRows, concurrency };
  const shared: Omit<Restore, "pacing"> = {
    connections,
    options,
    counters,
    progress: watch.progress,
    bodies: new BulkBodies(options.batchBytes),
    refusals: new RefusalLimit(refusalsInARow),
    hasState: !options.dryRun || (await pendingMigrations(connections.state)).length === 0,
  };
  try {
    if (options.dryRun) {
      await connections.archive.check();
      const dry: Restore = { ...shared, pacing: new Pacing(pacingLimits(initialLimits(limits))) };
      const end = await untilStopped(watch.signal, () => all(dry, tables, undefined, watch.signal));
      return counters.snapshot(end === "completed" ? "dry_run" : "interrupted");
    }
    await requireRestorePrivileges(connections, tables);
    await upgradeState(connections.state);
    const report = (): RestoreReport => counters.snapshot("completed");
    const description = { command: "elasticsearch restore", options, limits, report };
    const status = await inRun(archiveHome(connections, watch), description, watch, async (run) => {
      counters.runId = run.id;
      const end = await untilStopped(run.signal, () => all({ ...shared, pacing: run.pacing }, tables, run, run.signal));
      counters.show(await listRestoreFindings(connections.state, run.id, shownFindings));
      if (end === "interrupted") return "interrupted";
      await forgetRestores(connections.state, run.id);
      return hasFindings(report()) ? "completed_with_errors" : "completed";
    });
    return counters.snapshot(status);
  } finally {
    watch.progress.stop();
  }
}

async function untilStopped(signal: AbortSignal, work: () => Promise<TransferEnd>): Promise<TransferEnd> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted && isAbort(error)) return "interrupted";
    throw error;
  }
}

/**
 * Looks at everything first and then does one partition after the other, so that parents are there before what belongs
 * to them.
 */
async function all(
  shared: Restore,
  tables: readonly RestoreTable[],
  run: Run | undefined,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { connections, options, counters, progress, pacing } = shared;
  const { partitions, missing, notes } = await planRestore(connections, restoreScope(options));
  counters.planned(partitions, missing);
  const went = new Set<string>();
  const begun = run === undefined ? partitions.map(fromNothing) : await whereInterrupted(connections, run, partitions);
  const stillThere = async (partition: PlannedRestore, error: unknown): Promise<void> => {
    if (isAbort(error)) throw error;
    const gone = await goneMeanwhile(connections, partition);
    if (gone === undefined) throw error;
    counters.went(gone);
    went.add(partitionKey(partition));
  };
  const inspected = await inspectDocuments(
    connections,
    tables,
    begun.filter(({ isDone }) => !isDone),
    stillThere,
    async (partition, id) => {
      if (options.acceptUnproven || !shared.hasState) return false;
      const source = (await readSources(connections.elasticsearch, partition.index.name, [id])).get(id);
      return source !== undefined && isAlteredDocument(connections.postgres, partition, id, source);
    },
    (aborted) => pacing.unpaused(aborted),
    signal,
  );
  for (const note of [...notes, ...inspected.notes]) counters.notes.add(note);
  progress.plan(
    [...inspected.counts.values()].reduce((sum, rows) => sum + rows, 0),
    inspected.counts.size,
  );

  for (const partition of partitions) {
    if (signal.aborted) return "interrupted";
    if (went.has(partitionKey(partition))) continue;
    const table = tables.find(({ logType }) => logType.dataType === partition.dataType)!;
    const key = partitionKey(partition);
    progress.partitionStarted(key, `${table.table.name} ${partition.month}`, inspected.counts.get(key) ?? 0, 0);
    try {
      const end =
        run === undefined
          ? await compareOnly(shared, table, partition, signal)
          : await restorePartition(shared, run, table, partition);
      if (end === "interrupted") return "interrupted";
    } catch (error) {
      await stillThere(partition, error);
    } finally {
      progress.partitionFinished(key);
    }
  }
  return signal.aborted ? "interrupted" : "completed";
}

type Begun = PlannedRestore & { readonly after: string | undefined; readonly isDone: boolean };

function fromNothing(partition: PlannedRestore): Begun {
  return { ...partition, after: undefined, isDone: false };
}

/** Afterwards searches see all documents, and each partition says how far an interrupted restore came. */
async function whereInterrupted(
  { elasticsearch, state }: Connections,
  { pacing, signal }: Run,
  partitions: readonly PlannedRestore[],
): Promise<Begun[]> {
  const begun: Begun[] = [];
  for (const partition of partitions) {
    await pacing.unpaused(signal);
    await refreshIndex(elasticsearch, partition.index.name);
    const target = { indexUuid: partition.index.uuid, ...partition.range };
    const before = await interruptedRestore(state, partition, target);
    begun.push({ ...partition, after: before?.lastId ?? undefined, isDone: before?.isDone ?? false });
  }
  return begun;
}
