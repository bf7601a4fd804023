import { setTimeout as sleep } from "node:timers/promises";
import type { TransferEnd } from "../../engine/transfer.ts";
import { installTemplates } from "../../stores/elasticsearch/indices/templates.ts";
import { dirtyBacklog } from "../state/dirty/dirty-rows.ts";
import { upgradeState } from "../state/upgrade.ts";
import { inRun, type RunWatch } from "../../runs/run.ts";
import { archiveHome } from "../run-home.ts";
import { captureState } from "../capture/status.ts";
import type { Connections } from "../connections.ts";
import { copyRun } from "../copying/copy-run.ts";
import { migrateDefaults, type MigrateOptions } from "../copying/options.ts";
import { requireAccess } from "../preflight/preflight.ts";
import { settleDeletions } from "../retention/settle-deletions.ts";
import { applyPass } from "./apply-pass.ts";
import { type DirtyRun, dirtyRun, refreshWritten } from "./dirty-run.ts";
import type { ApplyDirtyOptions } from "./options.ts";
import { DirtyCounters } from "./dirty-counters.ts";
import type { ApplyDirtyReport } from "./dirty-report.ts";
import { progressKey } from "./write-rows.ts";

/**
 * Brings the documents of all dirty rows up to date and returns the report. An entry goes only after its document is
 * durable, so it can be interrupted, killed and repeated at any time, also while the platform writes. Throws AppError
 * with what it left.
 */
export async function applyDirty(
  connections: Connections,
  options: ApplyDirtyOptions,
  watch: RunWatch,
): Promise<ApplyDirtyReport> {
  const { state, elasticsearch, settings } = connections;
  const migrateOptions: MigrateOptions = { ...migrateDefaults, scope: options.scope };
  const { sources } = await requireAccess(connections, migrateOptions, "apply-dirty");
  await upgradeState(state);
  await installTemplates(elasticsearch, settings.template);

  const counters = new DirtyCounters(options.scope.dataTypes);
  const report = reporter(counters, await captureWarnings(connections));
  try {
    report.status = await inRun(
      archiveHome(connections, watch),
      { command: report.command, options, limits: migrateOptions, report: () => report.snapshot() },
      watch,
      async (run) => {
        report.runId = run.id;
        await settleDeletions(connections, run);
        const copy = copyRun(connections, migrateOptions, run, counters.copies, watch.progress);
        const dirty = dirtyRun(copy, sources, options.followDeletes, counters);
        const backlog = await dirtyBacklog(state, options.scope);
        watch.progress.plan(backlog.rows);
        watch.progress.partitionStarted(progressKey, progressKey, backlog.rows, 0);
        const end = options.untilEmpty ? await passesUntilEmpty(dirty) : await applyPass(dirty);
        await refreshWritten(dirty);
        if (end === "interrupted") return end;
        const { errors, remaining } = counters.snapshot();
        const isEmpty = !options.untilEmpty || remaining.rows === 0;
        return errors.total + counters.blocked === 0 && isEmpty ? "completed" : "completed_with_errors";
      },
    );
  } finally {
    watch.progress.stop();
  }
  return report.snapshot();
}

/**
 * So many passes in a row that leave no fewer entries than the best before: the platform writes as fast as they are
 * applied.
 */
const fruitlessPasses = 10;
const pauseMillis = 300;

/** Passes until one leaves nothing, or the platform turns out to write all the time; the counters say what is left. */
async function passesUntilEmpty(dirty: DirtyRun): Promise<TransferEnd> {
  const { counters, run } = dirty;
  let fewest = Number.POSITIVE_INFINITY;
  for (let fruitless = 0; fruitless < fruitlessPasses;) {
    if ((await applyPass(dirty)) === "interrupted") return "interrupted";
    const { remaining, waiting } = counters.snapshot();
    if (remaining.rows === 0 && waiting.length === 0) break;
    if (counters.blocked > 0 && counters.blocked >= remaining.rows) break;
    fruitless = remaining.rows < fewest || waiting.length > 0 ? 0 : fruitless + 1;
    fewest = Math.min(fewest, remaining.rows);
    const goOn = waiting[0] && run.waits.begin("lock", waiting[0].reason);
    // the next pass sees that it was stopped
    await sleep(pauseMillis, undefined, { signal: run.signal }).catch(() => {});
    goOn?.();
  }
  return "completed";
}

async function captureWarnings(connections: Connections): Promise<string[]> {
  const { installed, gaps } = await captureState(connections);
  if (!installed)
    return [
      "Capture is not installed: what the platform writes now is not recorded. app elasticsearch capture install",
    ];
  if (gaps > 0)
    return [
      `Capture missed writes (${gaps} gaps): app elasticsearch validate --full --repair finds and mends what they changed.`,
    ];
  return [];
}

function reporter(counters: DirtyCounters, warnings: readonly string[]) {
  const startedAt = new Date().toISOString();
  const started = performance.now();
  return {
    command: "elasticsearch apply-dirty" as const,
    runId: null as string | null,
    status: "failed" as ApplyDirtyReport["status"],
    snapshot(): ApplyDirtyReport {
      return {
        command: this.command,
        runId: this.runId,
        status: this.status,
        startedAt,
        finishedAt: new Date().toISOString(),
        seconds: Math.round(performance.now() - started) / 1000,
        ...counters.snapshot(),
        warnings,
      };
    },
  };
}
