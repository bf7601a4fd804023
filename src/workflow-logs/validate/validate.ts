import { isAbort } from "../../engine/errors.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import { installTemplates } from "../../stores/elasticsearch/indices/templates.ts";
import { readGaps } from "../state/capture.ts";
import { listDifferences } from "../state/validate/differences.ts";
import { forgetProgress } from "../state/validate/progress.ts";
import { upgradeState } from "../state/upgrade.ts";
import { inRun, type RunWatch } from "../../runs/run.ts";
import { archiveHome } from "../run-home.ts";
import type { Connections } from "../connections.ts";
import { dropKeyTables } from "../partitions/key-tables.ts";
import { requireAccess } from "../preflight/preflight.ts";
import { settleDeletions } from "../retention/settle-deletions.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { compareCounts } from "./compare-counts.ts";
import { deleteExtra } from "./extra/delete-extra.ts";
import { validateWhole, type WholePlan } from "./full-partition.ts";
import { validateByWorkers } from "./validate-by-workers.ts";
import type { Listing } from "../rows/row-query.ts";
import { whenFree } from "../partitions/partition-lock.ts";
import { SharedRuns } from "../../stores/postgres/shared-runs.ts";
import { stopWorkers } from "../shared/by-workers.ts";
import type { ResumedRun } from "../shared/resumed-run.ts";
import type { ValidateOptions } from "./options.ts";
import { type PartitionPlan, planFull, type SourceKeys, sourceKeys } from "./plan.ts";
import { planSample } from "./sample/plan-sample.ts";
import { ValidateCounters, type ValidateReport } from "./report.ts";
import { validateSample } from "./sample/sample-partition.ts";
import { findUnarchivable } from "./unarchivable-rows.ts";
import { migrateOptionsOf, type ValidateRun, validateRun } from "./validate-run.ts";

// src/workflow-logs/validate compares rows with documents, all (full-partition.ts) or a sample (sample/), and looks
// for documents without a row (extra/). It writes nothing, unless it is told to repair.

export interface ValidateWatch extends RunWatch {
  /** Whether so many documents without a row may be deleted; asked once, when all of them are known. */
  readonly confirmDelete: (documents: number) => Promise<boolean>;
}

/** Differences that the report names; all of them are in log_archive.validation_differences. */
const reportedDifferences = 100;

/**
 * Compares both stores and returns what differs. Writes only its own state, unless rows are to be repaired or documents
 * to be deleted. A full validation that is interrupted or killed goes on where it was when it is called again. With
 * `distributed` workers compare, and `resumes` goes on with such a run whose process is gone. Throws AppError when a
 * store cannot be read.
 *
 * @example
 * ```ts
 * import { dataTypes, noProgress, openArchive, parseConfig, validate, validateDefaults } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const scope = { dataTypes, tenantIds: [process.env["TENANT_ID"]!] };
 * const watch = {
 *   signal: new AbortController().signal,
 *   progress: noProgress,
 *   confirmDelete: () => Promise.resolve(false),
 * };
 * const report = await validate(archive.connections, { ...validateDefaults, scope, level: "full" }, watch);
 * console.log(report.status, report.differences);
 * await archive.close();
 * ```
 */
export async function validate(
  connections: Connections,
  options: ValidateOptions,
  watch: ValidateWatch,
  resumes?: ResumedRun,
): Promise<ValidateReport> {
  const inspection = await requireAccess(
    connections,
    migrateOptionsOf(options),
    options.repair ? "apply-dirty" : "validate",
  );
  await upgradeState(connections.state);
  if (options.repair) await installTemplates(connections.elasticsearch, connections.settings.template);

  const counters = new ValidateCounters(options);
  const { report } = counters;
  const description = {
    command: report.command,
    options,
    limits: options,
    report: () => counters.snapshot(),
    resumes: resumes?.id,
  };
  try {
    await inRun(archiveHome(connections, watch), description, watch, async (run) => {
      report.runId = run.id;
      if (resumes !== undefined) await stopWorkers(new SharedRuns(connections.state), run.id); // of its earlier life
      const gaps = await readGaps(connections.state);
      const validation = validateRun(connections, options, run, counters, watch.progress, gaps);
      await dropKeyTables(connections.state, run.locks, run.id);
      await settleDeletions(connections, run);
      try {
        const end = await validateAll(validation, inspection.sources, watch);
        if (end === "interrupted") report.status = "interrupted";
        else await forgetProgress(connections.state, run.id);
      } catch (error) {
        if (!run.signal.aborted || !isAbort(error)) throw error;
        report.status = "interrupted";
      } finally {
        await dropKeyTables(connections.state, run.locks, run.id).catch(() => {}); // the next run drops them
      }
      report.differences = await listDifferences(connections.state, run.id, reportedDifferences);
      const { status } = counters.snapshot();
      return status === "match" ? "completed" : status === "mismatch" ? "completed_with_errors" : "interrupted";
    });
  } finally {
    watch.progress.stop();
  }
  return counters.snapshot();
}

async function validateAll(
  validation: ValidateRun,
  sources: readonly SourceTable[],
  watch: ValidateWatch,
): Promise<TransferEnd> {
  const { options, counters, run } = validation;
  const keys = await sourceKeys(validation, sources);
  const { end, plans } =
    options.level === "full" ? await validateFull(validation, keys) : await validateSampled(validation, keys);
  if (end === "interrupted") return end;
  const rowless = Object.values(counters.snapshot().byDataType).reduce(
    (sum, { extra, doubled }) => sum + extra + doubled,
    0,
  );
  if (options.deleteExtra && rowless > 0 && (await watch.confirmDelete(rowless))) {
    await deleteExtra(validation, plans, run.signal);
  }
  return run.signal.aborted ? "interrupted" : "completed";
}

interface Validated {
  readonly end: TransferEnd;
  readonly plans: readonly PartitionPlan[];
}

async function validateFull(validation: ValidateRun, sources: readonly SourceKeys[]): Promise<Validated> {
  const { run, progress } = validation;
  const { partitions: plans, listings, unarchivable } = await planFull(validation, sources);
  for (const source of sources) {
    const { dataType } = source.context;
    const listing = listings.get(dataType)!;
    const counted = unarchivable.get(dataType) ?? 0;
    await findUnarchivable(validation, source, counted, listing.isKeyTable ? listing.sqlName : undefined);
  }
  progress.plan(
    plans.reduce((sum, plan) => sum + plan.rows, 0),
    plans.length,
  );
  const wholes = plans.map((plan) => wholePlan(plan, listings.get(plan.dataType)!));
  if (validation.options.distributed === true) return { end: await validateByWorkers(validation, wholes), plans };
  for (const [at, whole] of wholes.entries()) {
    const { source } = plans[at]!.keys;
    const end = await whenFree(run, plans[at]!, () => validateWhole(validation, source, whole, run.signal));
    if (end === "interrupted") return { end, plans };
  }
  return { end: "completed", plans };
}

function wholePlan({ keys, ...plan }: PartitionPlan, listing: Listing): WholePlan {
  const { dataType, tenantId, month, rows, range, within, coversWholeMonth } = plan;
  return { dataType, tenantId, month, rows, range, within, coversWholeMonth, listing, snapshot: keys.snapshot };
}

async function validateSampled(validation: ValidateRun, sources: readonly SourceKeys[]): Promise<Validated> {
  const { run, progress, counters } = validation;
  const { partitions: plans, unarchivable } = await planSample(validation, sources);
  for (const source of sources) {
    await findUnarchivable(validation, source, unarchivable.get(source.context.dataType) ?? 0);
  }
  progress.plan(
    plans.reduce((sum, plan) => sum + plan.drawn.length, 0),
    plans.length,
  );
  for (const plan of plans) {
    await run.pacing.unpaused(run.signal);
    const end = await validateSample(validation, plan, run.signal);
    if (end === "interrupted") return { end, plans };
  }
  counters.report.countDifferences = await compareCounts(validation, sources, plans);
  return { end: "completed", plans };
}
