import type { PgBoss } from "pg-boss";
import { ensureQueue } from "./job-queue.ts";
import { partTimings } from "./job-timings.ts";

const jobsAtOnce = 1000;

export interface NewJob {
  readonly id: string;
  readonly data: object;
}

/** Gives workers the jobs, the first ones first. */
export async function sendJobs(boss: PgBoss, queue: string, jobs: readonly NewJob[]): Promise<void> {
  await ensureQueue(boss, queue, partTimings, "many");
  for (let at = 0; at < jobs.length; at += jobsAtOnce) {
    const some = jobs.slice(at, at + jobsAtOnce).map((job, index) => ({ ...job, priority: -(at + index) }));
    await boss.insert(queue, some);
  }
}

/** Jobs of a worker that is gone, to be given to another now. */
export async function giveBackJobs(boss: PgBoss, queue: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await boss.fail(queue, id, { message: "its worker is gone" });
    await boss.update(queue, undefined, { id, startAfter: 0 });
  }
}

/** Afterwards nobody gets these jobs; who has one keeps it. */
export async function dropJobs(boss: PgBoss, queue: string, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += jobsAtOnce) await boss.deleteJob(queue, ids.slice(at, at + jobsAtOnce));
}
