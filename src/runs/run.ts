import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isAbort } from "../engine/errors.ts";
import { Pacing } from "../engine/pacing.ts";
import type { ProgressSink } from "./progress.ts";
import { startControls } from "./run-controls.ts";
import type { RunHome } from "./run-home.ts";
import { type InitialLimits, initialLimits, pacingLimits, type RunPacing } from "./run-limits.ts";
import { type RunLocks, runLockName } from "./run-locks.ts";
import type { RunStatus } from "./run-record.ts";
import { Waits } from "./waits.ts";

// src/runs owns the life of a run: its record, its lock, its limits, and what it is asked from another terminal. It
// knows no store but by the ports run-store.ts, run-locks.ts, record-errors.ts and checkpoint-store.ts, and nothing of
// what a run moves.

export interface Run {
  readonly id: string;
  readonly locks: RunLocks;
  /**
   * Aborts when the operator stops the program or aborts the run from another terminal, and when the run's locks are
   * lost.
   */
  readonly signal: AbortSignal;
  /**
   * Its limits, which may change at any time, and its pauses. Every loop that issues statements passes `unpaused` or
   * `admit` each time.
   */
  readonly pacing: RunPacing;
  readonly waits: Waits;
}

export interface RunDescription {
  readonly command: string;
  /** As they were given; kept in the record, so without secrets. */
  readonly options: object;
  readonly limits: InitialLimits;
  /** A run of this process that lost its connection, to be continued with its id, limits and pause. */
  readonly continues?: string | undefined;
  /** A run whose process is gone, to be gone on with in the same way, whatever stopped it. */
  readonly resumes?: string | undefined;
  /** The report as it stands now; stored every two seconds and at the end. */
  readonly report: () => object;
}

export interface RunWatch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

/**
 * Does `work` as a run: recorded with its options, alive in `app runs list` as long as this process lives, its report
 * kept, obeying `app runs pause`, `resume`, `abort` and `set`. `work` returns how it ended, or throws the AbortError of
 * a wait that was stopped; when it throws anything else, the run has failed and the error goes on.
 *
 * @example
 * ```ts
 * using file = await openStateFile(config.stateFile);
 * const status = await inRun(
 *   sqliteHome(file),
 *   { command: "toy copy", options, limits: { batchRows: 100, concurrency: 2 }, report: () => report },
 *   { signal, progress },
 *   async (run) => {
 *     const end = await transfer({ source, sink, checkpoint, pacing: run.pacing }, run.signal);
 *     return end === "interrupted" ? end : report.failed > 0 ? "completed_with_errors" : "completed";
 *   },
 * );
 * ```
 */
export async function inRun<Status extends RunStatus>(
  home: RunHome,
  { command, options, limits, continues, resumes, report }: RunDescription,
  { signal, progress }: RunWatch,
  work: (run: Run) => Promise<Status>,
): Promise<Status | "interrupted"> {
  const { runs } = home;
  const locks = await home.openLocks();
  const inForce = initialLimits(limits);
  const pacing: RunPacing = new Pacing(pacingLimits(inForce));
  const note = (text: string): void => progress.note(text);
  const onWaiting = (why: string): void => progress.runWaits?.(run.id, why);
  const aborted = new AbortController();
  const run: Run = {
    id: continues ?? resumes ?? randomUUID(),
    locks,
    signal: AbortSignal.any([signal, locks.lost, aborted.signal]),
    pacing,
    waits: new Waits(pacing, note),
  };
  const abort = (): void => {
    if (aborted.signal.aborted) return;
    note("Aborted from another terminal: finishing what is in flight, then stopping.");
    aborted.abort();
  };
  try {
    if (!(await lockRun(run, note))) {
      if (locks.lost.aborted) throw locks.lost.reason;
      await runs.finish(run.id, { status: "interrupted", report: report() });
      return "interrupted";
    }
    if (run.id === (continues ?? resumes)) await runs.reopen(run.id, { forgetAbort: resumes !== undefined });
    else await runs.create({ id: run.id, command, options, limits: inForce });
    progress.runStarted?.(run.id, command);
    const stopControls = startControls(runs, { ...run, report, note, abort, onWaiting });
    try {
      await home.onStart?.();
      const status = await work(run).catch((error: unknown) => {
        if (run.signal.aborted && isAbort(error)) return "interrupted" as const;
        throw error;
      });
      if (locks.lost.aborted) throw locks.lost.reason;
      await stopControls();
      await runs.finish(run.id, { status, report: report() });
      progress.runEnded?.(run.id, status, totalsOf(report()));
      return status;
    } catch (error) {
      await stopControls();
      const message = error instanceof Error ? error.message : String(error);
      // the first error matters
      await runs.finish(run.id, { status: "failed", report: report(), error: message }).catch(() => {});
      progress.runEnded?.(run.id, "failed", { ...totalsOf(report()), error: message });
      throw error;
    }
  } finally {
    locks.close();
  }
}

function totalsOf(report: object): object {
  return "totals" in report ? { totals: report.totals } : {};
}

const retryMillis = 250;

/**
 * Takes the run's own lock; false when the run is stopped meanwhile. After a lost connection the server may still count
 * the old session as alive, which holds it: when that ended while we worked without the lock, the run would count as
 * dead.
 */
async function lockRun({ id, locks, signal }: Run, note: (text: string) => void): Promise<boolean> {
  for (let tries = 1; !(await locks.tryLock(runLockName(id))); tries++) {
    if (tries === 5) note("Waiting until the connection that was lost counts as closed: it still holds the run's lock");
    await sleep(retryMillis, undefined, { signal }).catch(() => {});
    if (signal.aborted) return false;
  }
  return true;
}
