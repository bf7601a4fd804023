import type { PgBoss } from "pg-boss";
import { type JobTimings, jobTimings } from "./job-timings.ts";

const daysSeconds = 86_400;

/**
 * Afterwards the queue is there, with these timings for jobs to come. At any time it has one job that waits or is
 * worked on; further ones are dropped.
 */
export async function ensureQueue(boss: PgBoss, name: string, timings: JobTimings = jobTimings): Promise<void> {
  const options = {
    retryLimit: timings.retryLimit,
    retryDelay: timings.retryDelaySeconds,
    retryBackoff: true,
    retryDelayMax: timings.longestRetryDelaySeconds,
    heartbeatSeconds: timings.heartbeatSeconds,
    // the longest pg-boss allows: the heartbeat tells who is dead, and a job may take long
    expireInSeconds: daysSeconds,
    deleteAfterSeconds: 40 * daysSeconds, // the last run of a monthly schedule is still known when the next comes
  };
  await boss.createQueue(name, { policy: "exclusive", ...options });
  await boss.updateQueue(name, options);
}
