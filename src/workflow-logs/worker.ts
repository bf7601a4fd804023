import { jobTimings, type JobTimings } from "../stores/postgres/jobs/job-timings.ts";
import { type JobEnd, workJobs } from "../stores/postgres/jobs/work-jobs.ts";
import type { Connections } from "./connections.ts";
import { retentionSchedule, sweepQueue } from "./retention/schedule/schedule.ts";
import { sweepOnSchedule } from "./retention/schedule/sweep-on-schedule.ts";
import { noProgress, type ProgressSink } from "../runs/progress.ts";
import type { Log } from "../engine/log.ts";
import { seldom } from "../engine/seldom.ts";

export interface WorkerOptions {
  /** Jobs at a time in this process. Sweeps go one at a time however many workers there are. */
  readonly concurrency: number;
  /** Who works, for the journal. */
  readonly worker: string;
  /** For tests, which cannot wait a minute. */
  readonly timings?: Partial<JobTimings>;
}

/** Attempts by how they ended. */
export type WorkerReport = Record<JobEnd["kind"], number>;

export interface WorkerWatch {
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Told of each run. */
  readonly progress?: ProgressSink;
}

/**
 * Does what is scheduled until the signal aborts: then a sweep under way stops where it is safe, and the next worker
 * goes on with it. Any number may run. Lives through restarts of PostgreSQL and outages of Elasticsearch; throws
 * AppError when it cannot start.
 */
export async function runWorker(
  connections: Connections,
  { concurrency, worker, timings }: WorkerOptions,
  { signal, log, progress = noProgress }: WorkerWatch,
): Promise<WorkerReport> {
  const report: WorkerReport = { completed: 0, failed: 0, interrupted: 0, dropped: 0 };
  const schedule = await retentionSchedule(connections);
  log.info({ worker, concurrency, cron: schedule?.cron ?? null, next: schedule?.next[0] ?? null }, "worker started");
  await workJobs(connections.postgres, {
    queue: sweepQueue,
    timings: { ...jobTimings, ...timings },
    concurrency,
    signal,
    onTrouble: seldom((message) => log.warn({ error: message }, "trouble with the queue: it is tried again")),
    async doJob(job) {
      const end = await sweepOnSchedule(connections, job, { worker, log, progress });
      report[end.kind]++;
      return end;
    },
  });
  log.info({ worker, ...report }, "worker stopped");
  return report;
}
