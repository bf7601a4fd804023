import { installTemplates } from "../../stores/elasticsearch/templates.ts";
import { upgradeState } from "../../stores/postgres/state/upgrade.ts";
import { type ArchiveRun, inRun } from "../archive-run.ts";
import { captureState } from "../capture/status.ts";
import type { Connections } from "../connections.ts";
import { requireAccess } from "../preflight/preflight.ts";
import type { Inspection } from "../preflight/finding.ts";
import type { ProgressSink } from "../progress.ts";
import { settleDeletions } from "../retention/settle-deletions.ts";
import { copyAll } from "./copy-all.ts";
import { copyRun } from "./copy-run.ts";
import { dropKeyTables } from "./key-tables.ts";
import type { MigrateOptions } from "./options.ts";
import { prepare } from "./prepare.ts";
import { MigrateCounters, type MigrateReport } from "./report.ts";

export interface MigrateWatch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

const withoutCapture =
  "Without capture there may be gaps: rows committed more than 2 hours late, later changes of rows that had ended, and deletions go unnoticed. " +
  "`app elasticsearch capture install` records every write from then on. Without triggers, run migrate again after the platform's last write: each run " +
  "looks again at the last 2 hours and at rows that had not ended.";

/**
 * Copies the logs of the scope into Elasticsearch and returns the report. What was copied before is left alone; everything confirmed is in the
 * checkpoints, also when the run is interrupted or fails. Throws AppError with the state it left.
 */
export async function migrate(
  connections: Connections,
  options: MigrateOptions,
  watch: MigrateWatch,
): Promise<MigrateReport> {
  const inspection = await requireAccess(connections, options);
  await upgradeState(connections.state);
  await installTemplates(connections.elasticsearch, connections.settings.template);

  const counters = new MigrateCounters(options.scope.dataTypes, { dryRun: false });
  if (!(await captureState(connections)).installed) counters.warn(withoutCapture);
  const { command } = counters.report;
  const description = { command, options, limits: options, report: () => counters.snapshot() };
  try {
    counters.report.status = await inRun(connections, description, watch, (run) =>
      copy(connections, inspection, options, counters, run, watch),
    );
  } finally {
    watch.progress.stop();
  }
  return counters.snapshot();
}

async function copy(
  connections: Connections,
  inspection: Inspection,
  options: MigrateOptions,
  counters: MigrateCounters,
  run: ArchiveRun,
  watch: MigrateWatch,
): Promise<"interrupted" | "completed" | "completed_with_errors"> {
  counters.report.runId = run.id;
  await dropKeyTables(connections.state, run.locks, run.id);
  await settleDeletions(connections, run);
  try {
    const { plans, partitions } = await prepare(connections, inspection, options, run, counters);
    watch.progress.plan(partitions.reduce((sum, partition) => sum + partition.rows, 0));
    const end = await copyAll(copyRun(connections, options, run, counters, watch.progress), plans, partitions);
    if (end === "interrupted") return "interrupted";
  } finally {
    await dropKeyTables(connections.state, run.locks, run.id).catch(() => {}); // the next run drops them
  }
  return counters.report.errors.total > 0 ? "completed_with_errors" : "completed";
}
