import { randomUUID } from "node:crypto";
import { isAbort } from "../../engine/errors.ts";
import { Pacing } from "../../engine/pacing.ts";
import { AdvisoryLocks } from "../../stores/postgres/advisory-locks.ts";
import type { RunStatus } from "../state/database.ts";
import { createRun, finishRun, reopenRun, runLockName } from "../state/runs.ts";
import { voidUnrecorded } from "../capture/void-unrecorded.ts";
import type { Connections } from "../connections.ts";
import type { ProgressSink } from "../progress.ts";
import { startControls } from "./run-controls.ts";
import { type InitialLimits, initialLimits, pacingLimits, type RunPacing } from "./run-limits.ts";
import { Waits } from "./waits.ts";

export interface ArchiveRun {
  readonly id: string;
  readonly locks: AdvisoryLocks;
  /** Aborts when the operator stops the program or aborts the run from another terminal, and when the run's locks are lost. */
  readonly signal: AbortSignal;
  /** Its limits, which may be changed at any time, and its pauses. Every loop that issues statements passes `unpaused` or `admit` each time. */
  readonly pacing: RunPacing;
  readonly waits: Waits;
}

export interface RunDescription {
  readonly command: string;
  readonly options: object;
  readonly limits: InitialLimits;
  /** A run of this process that lost its connection, to be gone on with under its id, limits and pause. */
  readonly continues?: string | undefined;
  /** The report as it stands now; stored every two seconds and at the end. */
  readonly report: () => object;
}

export interface RunWatch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

/**
 * Does `work` as a run: recorded with its options, alive in `app runs list` as long as this process lives, its report kept, obeying `app runs pause`,
 * `resume`, `abort` and `set`. `work` returns how it ended, or throws the AbortError of a wait that was stopped; when it throws anything else, the run
 * has failed and the error goes on.
 */
export async function inRun<Status extends RunStatus>(
  { postgres, state }: Connections,
  { command, options, limits, continues, report }: RunDescription,
  { signal, progress }: RunWatch,
  work: (run: ArchiveRun) => Promise<Status>,
): Promise<Status | "interrupted"> {
  const locks = await AdvisoryLocks.open(postgres);
  const inForce = initialLimits(limits);
  const pacing: RunPacing = new Pacing(pacingLimits(inForce));
  const note = (text: string): void => progress.note(text);
  const aborted = new AbortController();
  const run: ArchiveRun = {
    id: continues ?? randomUUID(),
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
    await locks.tryLock(runLockName(run.id));
    if (continues === undefined) await createRun(state, { id: run.id, command, options, limits: inForce });
    else await reopenRun(state, run.id);
    const stopControls = startControls(state, { ...run, report, note, abort });
    try {
      await voidUnrecorded({ postgres, state });
      const status = await work(run).catch((error: unknown) => {
        if (run.signal.aborted && isAbort(error)) return "interrupted" as const;
        throw error;
      });
      if (locks.lost.aborted) throw locks.lost.reason;
      await stopControls();
      await finishRun(state, run.id, { status, report: report() });
      return status;
    } catch (error) {
      await stopControls();
      const message = error instanceof Error ? error.message : String(error);
      await finishRun(state, run.id, { status: "failed", report: report(), error: message }).catch(() => {}); // the first error matters
      throw error;
    }
  } finally {
    locks.close();
  }
}
