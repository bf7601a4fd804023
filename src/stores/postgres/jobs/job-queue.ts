import type { PgBoss } from "pg-boss";

export interface JobTimings {
  /** Attempts after the first. */
  readonly retryLimit: number;
  /** Before the second attempt, up to twice as long; each further pause is twice the one before. */
  readonly retryDelaySeconds: number;
  readonly longestRetryDelaySeconds: number;
  /** How long a worker may be silent before its job is given to another. At least 10. */
  readonly heartbeatSeconds: number;
  /** How often the workers look for silent ones. */
  readonly superviseSeconds: number;
}

/**
 * A killed worker's job is taken up within a minute: 20 seconds of silence, 10 until one looks, at most 30 before the
 * next attempt. An outage of an hour is outlasted: the pauses of ten attempts are 80 minutes together.
 */
export const jobTimings: JobTimings = {
  retryLimit: 10,
  retryDelaySeconds: 15,
  longestRetryDelaySeconds: 900,
  heartbeatSeconds: 20,
  superviseSeconds: 10,
};

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
    expireInSeconds: daysSeconds, // the longest pg-boss allows: the heartbeat tells who is dead, and a job may take long
    deleteAfterSeconds: 40 * daysSeconds, // the last run of a monthly schedule is still known when the next comes
  };
  await boss.createQueue(name, { policy: "exclusive", ...options });
  await boss.updateQueue(name, options);
}
