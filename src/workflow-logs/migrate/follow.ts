import { setTimeout as sleep } from "node:timers/promises";
import { AppError, UsageError } from "../../engine/errors.ts";
import type { Run } from "../../runs/run.ts";
import { captureState } from "../capture/status.ts";
import type { Connections } from "../connections.ts";
import type { MigrateCounters } from "../copying/report.ts";
import { applyPass } from "../dirty/apply-pass.ts";
import type { BackOff } from "../dirty/back-off.ts";
import type { DirtyRun } from "../dirty/dirty-run.ts";
import { passingFailure } from "../dirty/passing-failures.ts";

const pauseMillis = 500;
/** With more waiting than this the next pass follows at once. */
const fewEntries = 1000;
const noteEveryMillis = 30_000;

/** Following finds nothing to apply where nothing is recorded. Throws UsageError then. */
export async function requireCapture(connections: Connections): Promise<void> {
  if ((await captureState(connections)).installed) return;
  throw new UsageError("capture_missing", "--follow needs capture, which is not installed.", {
    hint: "Run app elasticsearch capture install first. Nothing was copied.",
  });
}

/**
 * Applies what the platform writes until the run is stopped. A failure of Elasticsearch that passes is waited for with
 * growing pauses, without limit, and put down as a warning; any other, and one of PostgreSQL, with which the run's
 * locks are lost, ends it.
 */
export async function follow(dirty: DirtyRun, counters: MigrateCounters, backOff: BackOff): Promise<void> {
  const { run, counters: applied, progress } = dirty;
  const since = (counters.report.following ??= { since: new Date().toISOString(), lagRows: 0, lagSeconds: 0 }).since;
  let notedAt = Number.NEGATIVE_INFINITY;
  while (!run.signal.aborted) {
    try {
      await applyPass(dirty);
      backOff.succeeded();
    } catch (error) {
      await waitForServer(run, counters, error, backOff);
      continue;
    }
    const { rows, oldestSeconds } = applied.snapshot().remaining;
    counters.report.following = { since, lagRows: rows, lagSeconds: oldestSeconds ?? 0 };
    if (performance.now() - notedAt > noteEveryMillis) {
      progress.note(`Following: ${rows} entries behind, ${oldestSeconds ?? 0} s`);
      notedAt = performance.now();
    }
    if (rows <= fewEntries || applied.isWaiting)
      await sleep(pauseMillis, undefined, { signal: run.signal }).catch(() => {});
  }
}

async function waitForServer(run: Run, counters: MigrateCounters, error: unknown, backOff: BackOff): Promise<void> {
  const failure = run.locks.lost.aborted ? undefined : passingFailure(error);
  if (failure === undefined || isDatabase(failure)) throw error;
  counters.interrupted(failure.message);
  const goOn = run.waits.begin("no_answer", failure.message);
  await backOff.pause(run.signal);
  goOn();
}

function isDatabase({ code }: AppError): boolean {
  return code.startsWith("database_") && code !== "database_lock";
}
