import { randomUUID } from "node:crypto";
import { AppError, isAbort } from "../../engine/errors.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import type { Run } from "../../runs/run.ts";
import { AdvisoryLocks } from "../../stores/postgres/advisory-locks.ts";
import type { JobEnd, TakenJob } from "../../stores/postgres/jobs/work-jobs.ts";
import type { PartError } from "../../stores/postgres/runs-tables.ts";
import { attemptLockName, SharedRuns } from "../../stores/postgres/shared-runs.ts";
import { describeStoreError } from "../connections.ts";
import { awaitBulkTasks } from "../copying/late-requests.ts";
import { passingFailure } from "../dirty/passing-failures.ts";
import { partitionKey } from "../partitions/log-types.ts";
import { withPartition } from "../partitions/partition-lock.ts";
import { Attempt, opaqueIdOf } from "./attempt.ts";
import type { OpenRun, Worker } from "./open-run.ts";
import type { OpenRuns } from "./open-runs.ts";
import type { PartJob } from "./part-queue.ts";

/** Another run works on the partition: then it is tried again. */
const busySeconds = 2;
/** A run of other stores is left to other workers for so long. */
const refusedSeconds = 2;
/** So often in a row a part may fail without a batch confirmed, for a reason that passes. */
const mostFruitless = 10;

/**
 * One attempt at a part of a run. Never throws: what fails is written beside the part, for the command to report.
 * `untilWell` resolves when both stores answer this worker again.
 */
export async function doPart(
  worker: Worker,
  runs: OpenRuns,
  job: TakenJob,
  untilWell: () => Promise<void>,
): Promise<JobEnd> {
  const part = job.data as PartJob;
  const about = { run: part.runId, partition: partitionKey(part.partition), attempt: job.attempt };
  const { log } = worker;
  const passes = (error: unknown): JobEnd => {
    log.warn({ ...about, error: (error as Error).message }, "partition given back: another worker goes on with it");
    return { kind: "interrupted", rest: untilWell };
  };
  try {
    const end = await runs.use(part, (run) => attemptPart(worker, run, part, job, about));
    if (end === "over") return { kind: "dropped" };
    return end;
  } catch (thrown) {
    const error = describeStoreError(thrown);
    if (isAbort(error)) return { kind: "interrupted" };
    if (error instanceof AppError && error.code === "worker_refused") {
      log.error({ ...about, error: error.message, hint: error.hint }, "run refused");
      return { kind: "interrupted", afterSeconds: refusedSeconds, rest: untilWell };
    }
    return passes(error);
  }
}

async function attemptPart(
  { connections, name, log }: Worker,
  open: OpenRun,
  { partition }: PartJob,
  job: TakenJob,
  about: object,
): Promise<JobEnd> {
  const { state, elasticsearch, postgres } = connections;
  const parts = new SharedRuns(state);
  const key = partitionKey(partition);
  const id = randomUUID();
  const locks = await AdvisoryLocks.open(postgres);
  const signal = AbortSignal.any([job.signal, open.signal, locks.lost]);
  const run: Run = { id: open.id, locks, signal, pacing: open.pacing, waits: open.waits };
  const stopped = (): JobEnd => (open.over.aborted ? { kind: "dropped" } : { kind: "interrupted" });
  try {
    await locks.tryLock(attemptLockName(id));
    const end = await withPartition(run, partition, async (): Promise<JobEnd> => {
      const taken = await parts.take(open.id, key, { attempt: id, worker: name });
      if (taken === undefined) return { kind: "completed", output: {} };
      const giveBack = (how: { isSettled: boolean; failure?: PartError }) => parts.giveBack(open.id, key, id, how);
      try {
        await awaitBulkTasks(
          elasticsearch,
          taken.unsettled.map((other) => opaqueIdOf(open.id, other)),
          partition,
          signal,
        );
        await parts.settled(open.id, key, taken.unsettled);
        log.info(about, "partition begins");
        const done: TransferEnd = await open.doPart(new Attempt(run, partition, { ...taken, id }, state));
        if (done === "completed") {
          log.info(about, "partition done");
          return { kind: "completed", output: { worker: name } };
        }
        await giveBack({ isSettled: true });
        return stopped();
      } catch (error) {
        if (signal.aborted && isAbort(error)) {
          await giveBack({ isSettled: true });
          return stopped();
        }
        const passing = passingFailure(error) ?? (signal.aborted ? lost(error) : undefined);
        if (passing !== undefined && taken.fruitless + 1 < mostFruitless) {
          await giveBack({ isSettled: false, failure: asPartError(passing) }).catch(() => {}); // the command sees it
          throw passing;
        }
        const failure = asPartError(passing ?? describeStoreError(error));
        log.error({ ...about, code: failure.code, error: failure.message }, "partition failed");
        await parts.fail(open.id, key, id, failure);
        return { kind: "dropped" };
      }
    });
    return end === "busy" ? { kind: "interrupted", afterSeconds: busySeconds } : end;
  } finally {
    locks.close();
  }
}

/** Whatever a statement says whose session is gone: the locks went with it. */
function lost(error: unknown): AppError {
  const described = describeStoreError(error);
  return described instanceof AppError
    ? described
    : new AppError("worker_lost", described instanceof Error ? described.message : String(described));
}

/** The cause stays out of what is kept: an error of a driver has the request with its headers in it. */
function asPartError(error: unknown): PartError {
  if (error instanceof AppError) return { code: error.code, message: error.message, hint: error.hint ?? null };
  return { code: "unexpected", message: error instanceof Error ? error.message : String(error), hint: null };
}
