import type { Partition } from "../partitions/log-types.ts";

// src/workflow-logs/shared owns runs whose partitions are done by workers: the command that has them done
// (by-workers.ts), and what a worker does with a job (do-part.ts). pg-boss gives the jobs out; the function that does a
// partition is the one that the command would call itself.

/** The name of the queue in pg-boss, of the partitions of all runs. */
export const partQueue = "run-partitions";

/** A job: which partition of which run. All else the worker reads from the run. */
export interface PartJob {
  readonly runId: string;
  readonly epoch: string;
  readonly partition: Partition;
}
