/** `one at a time`: at any time there is one job that waits or is worked on, and further ones are dropped. */
export type QueueKind = "one at a time" | "many";

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

/**
 * Of parts of a run. How often one may be tried again is the run's matter. Jobs of a worker that its run knows to be
 * dead are given back at once; the silence is for when nobody looks.
 */
export const partTimings: JobTimings = {
  retryLimit: 1_000_000,
  retryDelaySeconds: 1,
  longestRetryDelaySeconds: 1,
  heartbeatSeconds: 20,
  superviseSeconds: 10,
};
