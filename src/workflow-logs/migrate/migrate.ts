import { installTemplates } from "../../stores/elasticsearch/indices/templates.ts";
import { countRecordErrors } from "../state/record-errors.ts";
import { upgradeState } from "../state/upgrade.ts";
import { inRun, type Run, type RunWatch } from "../../runs/run.ts";
import { archiveHome } from "../run-home.ts";
import { captureState } from "../capture/status.ts";
import type { Connections } from "../connections.ts";
import { requireAccess } from "../preflight/preflight.ts";
import type { Inspection } from "../preflight/finding.ts";
import { settleDeletions } from "../retention/settle-deletions.ts";
import { applyPass } from "../dirty/apply-pass.ts";
import { dirtyRun, refreshWritten } from "../dirty/dirty-run.ts";
import { requireCapture } from "./follow.ts";
import { keepCompact } from "../dirty/keep-compact.ts";
import { DirtyCounters } from "../dirty/dirty-counters.ts";
import type { Migration } from "./migration.ts";
import { followThroughOutages } from "./follow-through-outages.ts";
import { copyAll } from "./copy-all.ts";
import { copyByWorkers } from "./copy-by-workers.ts";
import { copyRun } from "../copying/copy-run.ts";
import { dropKeyTables } from "../partitions/key-tables.ts";
import type { MigrateOptions } from "../copying/options.ts";
import { SharedRuns } from "../../stores/postgres/shared-runs.ts";
import { stopWorkers } from "../shared/by-workers.ts";
import type { ResumedRun } from "../shared/resumed-run.ts";
import { finishListing } from "./listing/finish-listing.ts";
import { prepare } from "./prepare.ts";
import { MigrateCounters, type MigrateReport } from "../copying/report.ts";

// src/workflow-logs/migrate owns the copy from PostgreSQL to Elasticsearch as an operator sees it: what is planned,
// in which order, and when to follow. How rows travel is in copying/, which others use too. It never deletes a row.

const withoutCapture =
  "Without capture there may be gaps: rows committed more than 2 hours late, later changes of rows that had ended, and deletions go unnoticed. " +
  "`app elasticsearch capture install` records every write from then on. Without triggers, run migrate again after the platform's last write: each run " +
  "looks again at the last 2 hours and at rows that had not ended.";

/**
 * Copies the logs of the scope into Elasticsearch, then what the platform wrote meanwhile, and returns the report. What
 * was copied before is left alone; everything confirmed is in the checkpoints, also when the run is interrupted or
 * fails. With `distributed` workers copy, and `resumes` goes on with such a run whose process is gone. Throws AppError
 * with the state it left.
 *
 * @example
 * ```ts
 * import { dataTypes, migrate, migrateDefaults, noProgress, openArchive, parseConfig } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const scope = { dataTypes, tenantIds: [process.env["TENANT_ID"]!] };
 * const watch = { signal: new AbortController().signal, progress: noProgress };
 * const report = await migrate(archive.connections, { ...migrateDefaults, scope }, watch);
 * console.log(report.status, report.totals.migrated);
 * await archive.close();
 * ```
 */
export async function migrate(
  connections: Connections,
  options: MigrateOptions,
  watch: RunWatch,
  resumes?: ResumedRun,
): Promise<MigrateReport> {
  if (options.follow === true) await requireCapture(connections);
  const inspection = await requireAccess(connections, options);
  await upgradeState(connections.state);
  await installTemplates(connections.elasticsearch, connections.settings.template);

  const { scope } = options;
  const counters = new MigrateCounters(scope.dataTypes, { dryRun: false, startedAt: resumes?.startedAt });
  const migration: Migration = { connections, options, counters, dirty: new DirtyCounters(scope.dataTypes), watch };
  const isCaptured = (await captureState(connections)).installed;
  if (!isCaptured) counters.warn(withoutCapture);
  const { command } = counters.report;
  const description = {
    command,
    options,
    limits: options,
    report: () => reportOf(migration),
    resumes: resumes?.id,
  };
  try {
    counters.report.status = await inRun(archiveHome(connections, watch), description, watch, (run) =>
      copy(migration, inspection, { isCaptured, isResumed: resumes !== undefined }, run),
    );
    if (options.follow === true && counters.report.status !== "interrupted")
      counters.report.status = await followThroughOutages(migration, description);
  } finally {
    watch.progress.stop();
  }
  return reportOf(migration);
}

function reportOf({ counters, dirty }: Migration): MigrateReport {
  counters.report.dirty = dirty.snapshot();
  return counters.snapshot();
}

async function copy(
  { connections, options, counters, dirty, watch }: Migration,
  inspection: Inspection,
  { isCaptured, isResumed }: { readonly isCaptured: boolean; readonly isResumed: boolean },
  run: Run,
): Promise<"interrupted" | "completed" | "completed_with_errors"> {
  const { state } = connections;
  counters.report.runId = run.id;
  if (isResumed) await stopWorkers(new SharedRuns(state), run.id); // of its earlier life
  await dropKeyTables(state, run.locks, run.id);
  await settleDeletions(connections, run);
  const stopCompacting = keepCompact(state, run);
  try {
    const how = { isCaptured, note: (text: string) => watch.progress.note(text) };
    const { plans, partitions, listings } = await prepare(connections, inspection, options, run, counters, how);
    watch.progress.plan(
      partitions.reduce((sum, partition) => sum + partition.rows, 0),
      partitions.length,
    );
    const all = copyRun(connections, options, run, counters, watch.progress);
    const copyThem = options.distributed === true ? copyByWorkers : copyAll;
    if ((await copyThem(all, plans, partitions)) === "interrupted") return "interrupted";
    if (counters.report.waiting.length === 0) await finishListing(connections, options, listings, run.id);
    const behind = dirtyRun(all, inspection.sources, options.followDeletes === true, dirty);
    if ((await applyPass(behind)) === "interrupted") return "interrupted";
    await refreshWritten(behind);
  } finally {
    await stopCompacting();
    await dropKeyTables(state, run.locks, run.id).catch(() => {}); // the next run drops them
  }
  await warnOfOpenErrors(state, options, counters);
  const { errors, waiting } = counters.report;
  const isWhole = errors.total + dirty.errors + waiting.length + dirty.blocked === 0 && !counters.hasLostDocuments;
  return isWhole ? "completed" : "completed_with_errors";
}

/** Rows that earlier runs could not archive are no finding of this one, but nobody may forget them. */
async function warnOfOpenErrors(
  state: Connections["state"],
  { scope }: MigrateOptions,
  counters: MigrateCounters,
): Promise<void> {
  const byType = await countRecordErrors(state, scope);
  const total = Object.values(byType).reduce((sum, count) => sum + count, 0);
  const earlier = total - counters.report.errors.total;
  if (earlier <= 0) return;
  const types = Object.entries(byType).map(([type, count]) => `${type}: ${count}`);
  counters.warn(
    `${earlier} record error${earlier === 1 ? "" : "s"} of earlier runs ${earlier === 1 ? "is" : "are"} open (all open: ${types.join(", ")}). Their rows are in PostgreSQL ` +
      "alone: app elasticsearch errors list shows them, errors retry tries them again.",
  );
}
