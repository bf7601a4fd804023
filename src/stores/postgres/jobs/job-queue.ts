import type { PgBoss } from "pg-boss";
import { type JobTimings, jobTimings, type QueueKind } from "./job-timings.ts";

const daysSeconds = 86_400;

/** Afterwards the queue is there, with these timings for jobs to come. */
export async function ensureQueue(
  boss: PgBoss,
  name: string,
  timings: JobTimings = jobTimings,
  kind: QueueKind = "one at a time",
): Promise<void> {
  const options = {
    retryLimit: timings.retryLimit,
    retryDelay: timings.retryDelaySeconds,
    retryBackoff: true,
    retryDelayMax: timings.longestRetryDelaySeconds,
    heartbeatSeconds: timings.heartbeatSeconds,
    // the longest pg-boss allows: the heartbeat tells who is dead, and a job may take long
    expireInSeconds: daysSeconds,
    // the last run of a monthly schedule is still known when the next comes
    deleteAfterSeconds: kind === "many" ? daysSeconds / 24 : 40 * daysSeconds,
  };
  await boss.createQueue(name, { policy: kind === "many" ? "standard" : "exclusive", ...options });
  await boss.updateQueue(name, options);
}
