import type { JobWithMetadata, PgBoss } from "pg-boss";
import type { Pool } from "../connection/pool.ts";
import { ensureQueue } from "./job-queue.ts";
import type { JobTimings, QueueKind } from "./job-timings.ts";
import { openBoss, startBoss } from "./open-boss.ts";

export interface TakenJob {
  readonly id: string;
  /** As it was made with. */
  readonly data: object;
  /** By the clock of PostgreSQL. */
  readonly createdAt: Date;
  /** 1 for the first. */
  readonly attempt: number;
  /** No other follows when this one fails. */
  readonly isLastAttempt: boolean;
  /** Aborts when the worker is to stop, and when the job was given to another because this one seemed dead. */
  readonly signal: AbortSignal;
}

/**
 * How an attempt ended. What is interrupted is tried again at once, by another worker or the next that starts; what is
 * dropped leaves no trace.
 */
export type JobEnd =
  | { readonly kind: "completed"; readonly output: object }
  | { readonly kind: "failed"; readonly error: object }
  | {
      readonly kind: "interrupted";
      /** Before the next attempt. */
      readonly afterSeconds?: number;
      /** Until it resolves this worker takes no other job in its place; the job itself is free for others. */
      readonly rest?: () => Promise<void>;
    }
  | { readonly kind: "dropped" };

export interface Work {
  readonly queue: string;
  readonly timings: JobTimings;
  readonly kind?: QueueKind;
  /** Jobs at a time in this process. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Something went wrong beside the jobs, such as PostgreSQL being away: it is tried again. */
  readonly onTrouble: (message: string) => void;
  /** Does a job. What it throws is a failed attempt too. */
  readonly doJob: (job: TakenJob) => Promise<JobEnd>;
}

/** A schedule may have times a second apart. */
const everySeconds = 1;

/**
 * Starts jobs when they are due, and does them, until the signal aborts and the jobs under way have ended. Any number
 * of processes may do so: each job goes to one of them.
 */
export async function workJobs(pool: Pool, work: Work): Promise<void> {
  const { queue, timings, kind = "one at a time", concurrency, signal, onTrouble } = work;
  const boss = await openBoss(pool, {
    supervise: true,
    schedule: kind === "one at a time",
    cronMonitorIntervalSeconds: everySeconds,
    cronWorkerIntervalSeconds: everySeconds,
    superviseIntervalSeconds: timings.superviseSeconds,
    monitorIntervalSeconds: timings.superviseSeconds,
  });
  // of several addresses that refuse only the code is left
  boss.on("error", ({ message, code }: NodeJS.ErrnoException) => onTrouble(message || `${code}`));
  boss.on("warning", ({ message }) => onTrouble(message));
  await startBoss(boss);
  try {
    await ensureQueue(boss, queue, timings, kind);
    const options = { includeMetadata: true, pollingIntervalSeconds: everySeconds } as const;
    // each by itself, for only one of those that pg-boss makes together can be woken
    for (let place = 0; place < concurrency; place++) {
      const worker = await boss.work<object>(queue, options, async ([job]) => {
        const end = await doJob(job as JobWithMetadata, work);
        if (kind === "many") boss.notifyWorker(worker); // the next one need not wait for the next look
        return settle(boss, job as JobWithMetadata, end, work);
      });
    }
    await aborted(signal);
    await boss.offWork(queue, { wait: true });
  } finally {
    await boss.stop();
  }
}

function doJob(job: JobWithMetadata, work: Work): Promise<JobEnd> {
  return work.doJob({
    id: job.id,
    data: job.data,
    createdAt: job.createdOn,
    attempt: job.retryCount + 1,
    isLastAttempt: job.retryCount >= job.retryLimit,
    signal: AbortSignal.any([work.signal, job.signal]),
  });
}

/** Says how the job ended; what is returned pg-boss keeps, unless the job is settled already. */
async function settle(boss: PgBoss, job: JobWithMetadata, end: JobEnd, { queue }: Work): Promise<object | undefined> {
  switch (end.kind) {
    case "completed":
      return end.output;
    case "failed":
      await boss.fail(queue, job, end.error);
      break;
    case "interrupted":
      await boss.fail(queue, job, { message: "interrupted" });
      await boss.update(queue, undefined, { id: job.id, startAfter: end.afterSeconds ?? 0 });
      await end.rest?.();
      break;
    case "dropped":
      await boss.deleteJob(queue, job);
  }
  return undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
