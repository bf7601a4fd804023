import { randomUUID } from "node:crypto";
import { AdvisoryLocks } from "../stores/postgres/advisory-locks.ts";
import type { RunStatus, StateDatabase } from "../stores/postgres/state/database.ts";
import { createRun, finishRun, heartbeat, runLockName } from "../stores/postgres/state/runs.ts";
import type { Connections } from "./connections.ts";

export interface ArchiveRun {
  readonly id: string;
  readonly locks: AdvisoryLocks;
  /** Aborts when the operator stops the program, and when the run's locks are lost. */
  readonly signal: AbortSignal;
}

export interface RunDescription {
  readonly command: string;
  readonly options: object;
  /** The report as it stands now; stored every two seconds and at the end. */
  readonly report: () => object;
}

const heartbeatMillis = 2000;

/**
 * Does `work` as a run: recorded with its options, alive in `app runs list` as long as this process lives, its report kept. `work` returns how it
 * ended; when it throws, the run has failed and the error goes on.
 */
export async function inRun<Status extends RunStatus>(
  { postgres, state }: Connections,
  description: RunDescription,
  signal: AbortSignal,
  work: (run: ArchiveRun) => Promise<Status>,
): Promise<Status> {
  const locks = await AdvisoryLocks.open(postgres);
  const run: ArchiveRun = { id: randomUUID(), locks, signal: AbortSignal.any([signal, locks.lost]) };
  try {
    await locks.tryLock(runLockName(run.id));
    await createRun(state, { id: run.id, command: description.command, options: description.options });
    const stopHeartbeat = startHeartbeat(state, run.id, description.report);
    try {
      const status = await work(run);
      if (locks.lost.aborted) throw locks.lost.reason;
      await stopHeartbeat();
      await finishRun(state, run.id, { status, report: description.report() });
      return status;
    } catch (error) {
      await stopHeartbeat();
      const message = error instanceof Error ? error.message : String(error);
      await finishRun(state, run.id, { status: "failed", report: description.report(), error: message }).catch(
        () => {},
      ); // the first error matters
      throw error;
    }
  } finally {
    locks.close();
  }
}

function startHeartbeat(state: StateDatabase, runId: string, report: () => object): () => Promise<void> {
  let last = Promise.resolve();
  const timer = setInterval(() => {
    last = heartbeat(state, runId, report()).catch(() => {}); // a run goes on without it; the next beat tries again
  }, heartbeatMillis);
  return async () => {
    clearInterval(timer);
    await last;
  };
}
