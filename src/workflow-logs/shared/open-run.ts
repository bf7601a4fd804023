import { AppError, UsageError } from "../../engine/errors.ts";
import type { Log } from "../../engine/log.ts";
import { noProgress } from "../../runs/progress.ts";
import { startControls } from "../../runs/run-controls.ts";
import { pacingLimits } from "../../runs/run-limits.ts";
import { SharedPacing } from "../../runs/shared-pacing.ts";
import { Waits } from "../../runs/waits.ts";
import { type SharedRunNow, SharedRuns } from "../../stores/postgres/shared-runs.ts";
import type { BlobStorage } from "../../stores/blobs/blob-storage.ts";
import type { Connections } from "../connections.ts";
import { archiveHome } from "../run-home.ts";
import type { DoPart } from "./attempt.ts";
import { partKinds } from "./part-kinds.ts";
import { refusalOf, type Target } from "./target.ts";

export interface Worker {
  readonly connections: Connections;
  /** Of this process alone. */
  readonly name: string;
  readonly log: Log;
  readonly openBlobs?: (() => Promise<BlobStorage>) | undefined;
}

/** A run that this worker takes part in. */
export interface OpenRun {
  readonly id: string;
  readonly epoch: string;
  readonly pacing: SharedPacing;
  readonly waits: Waits;
  /** The run wants no worker any more: it has ended, was told to stop, or lost its process. */
  readonly over: AbortSignal;
  /** Aborts with `over`, and when this worker has lost the archive. */
  readonly signal: AbortSignal;
  readonly doPart: DoPart;
  close(): Promise<void>;
}

/** So long a run may be without a process: it may be started again. */
const orphanedMillis = 10_000;

/**
 * Takes part in a run, obeying what is asked of it; "over" when it wants no worker any more. Throws AppError with the
 * code `worker_refused` when this worker is connected to other stores than the run. `onClosing` is told when no attempt
 * may begin with it any more.
 */
export async function openRun(
  worker: Worker,
  { runId, epoch }: { readonly runId: string; readonly epoch: string },
  onClosing: () => void,
): Promise<OpenRun | "over"> {
  const { name, log } = worker;
  const runs = new SharedRuns(worker.connections.state);
  const now = await runs.look(runId);
  if (now === undefined || !isOn(now, epoch) || !now.isAlive) return "over";
  const refuse = async (refusal: string): Promise<never> => {
    await runs.workerSeen(runId, name, { refusal });
    throw new AppError("worker_refused", `${refusal} This worker takes nothing of run ${runId}.`, {
      hint: "Give the worker the configuration of the command that started the run.",
    });
  };
  const refusal = await refusalOf(worker.connections, now.target as Target);
  if (refusal !== undefined) await refuse(refusal);
  let { connections } = worker;
  if (now.options["offload"] === "inline") {
    const blobs = await worker.openBlobs?.().catch((error: unknown) => {
      if (error instanceof UsageError) return refuse(error.message);
      throw error;
    });
    connections = { ...connections, blobs };
  }
  const pacing = new SharedPacing(pacingLimits(now.limits), runs.ledger(runId));
  const note = (text: string): void => log.info({ run: runId }, text);
  const waits = new Waits(pacing, note);
  const over = new AbortController();
  const guard = await archiveHome(connections, { progress: { ...noProgress, note } }).openLocks();
  try {
    const doPart = await partKinds[now.command]!().then((kind) =>
      kind.open({
        id: runId,
        connections,
        options: now.options,
        startedAt: now.startedAt,
        pacing,
        waits,
        progress: { ...noProgress, note },
      }),
    );
    await runs.workerSeen(runId, name, {});
    let orphanedAt: number | undefined;
    const stopControls = startControls(
      {
        readRequest: async () => {
          const found = await runs.look(runId);
          orphanedAt = found?.isAlive === true ? undefined : (orphanedAt ?? performance.now());
          const isOrphan = orphanedAt !== undefined && performance.now() - orphanedAt > orphanedMillis;
          const goesOn = found !== undefined && isOn(found, epoch) && !isOrphan;
          return { state: goesOn ? found.requested : "aborted", limits: found?.limits ?? now.limits };
        },
        heartbeat: (_id, { waiting }) => runs.workerSeen(runId, name, { waiting }),
      },
      {
        id: runId,
        pacing,
        waits,
        report: () => ({}),
        note,
        abort: () => {
          if (over.signal.aborted) return;
          over.abort();
          onClosing();
        },
        onWaiting: () => {},
      },
    );
    guard.lost.addEventListener("abort", onClosing, { once: true });
    return {
      id: runId,
      epoch,
      pacing,
      waits,
      over: over.signal,
      signal: AbortSignal.any([over.signal, guard.lost]),
      doPart,
      close: async () => {
        await stopControls();
        guard.close();
      },
    };
  } catch (error) {
    guard.close();
    throw error;
  }
}

function isOn(run: SharedRunNow, epoch: string): boolean {
  return run.status === "running" && run.requested !== "aborted" && !run.isStopping && run.epoch === epoch;
}
