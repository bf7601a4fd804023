import { setTimeout as sleep } from "node:timers/promises";
import { jobTimings, type JobTimings, partTimings } from "../stores/postgres/jobs/job-timings.ts";
import { type JobEnd, workJobs } from "../stores/postgres/jobs/work-jobs.ts";
import type { BlobStorage } from "../stores/blobs/blob-storage.ts";
import type { Connections } from "./connections.ts";
import { retentionSchedule, sweepQueue } from "./retention/schedule/schedule.ts";
import { sweepOnSchedule } from "./retention/schedule/sweep-on-schedule.ts";
import { noProgress, type ProgressSink } from "../runs/progress.ts";
import type { Log } from "../engine/log.ts";
import { seldom } from "../engine/seldom.ts";
import { backOff } from "../engine/back-off.ts";
import { doPart } from "./shared/do-part.ts";
import { OpenRuns } from "./shared/open-runs.ts";
import { partQueue } from "./shared/part-queue.ts";

export interface WorkerOptions {
  /** Partitions at a time in this process. Sweeps go one at a time however many workers there are. */
  readonly concurrency: number;
  /** Who works, for the journal and `runs show`; no two processes have the same. */
  readonly worker: string;
  /** The platform's file storage, when a run copies contents from it; throws UsageError when there is none. */
  readonly openBlobs?: (() => Promise<BlobStorage>) | undefined;
  /** For tests, which cannot wait a minute. */
  readonly timings?: Partial<JobTimings>;
}

/** Attempts at sweeps by how they ended, and those at partitions of runs. */
export type WorkerReport = Record<JobEnd["kind"], number> & { readonly partitions: Record<JobEnd["kind"], number> };

export interface WorkerWatch {
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Told of each run. */
  readonly progress?: ProgressSink;
}

/**
 * Does what is scheduled, and partitions of runs that were started with `distributed`, until the signal aborts: then
 * what is under way stops where it is safe, and the next worker goes on with it. Any number may run. Lives through
 * restarts of PostgreSQL and outages of Elasticsearch; throws AppError when it cannot start.
 */
export async function runWorker(
  connections: Connections,
  options: WorkerOptions,
  { signal, log, progress = noProgress }: WorkerWatch,
): Promise<WorkerReport> {
  const { concurrency, worker, openBlobs, timings } = options;
  const report: WorkerReport = { ...noAttempts, partitions: { ...noAttempts } };
  const schedule = await retentionSchedule(connections);
  log.info({ worker, concurrency, cron: schedule?.cron ?? null, next: schedule?.next[0] ?? null }, "worker started");
  const failed = new AbortController();
  const common = {
    concurrency,
    signal: AbortSignal.any([signal, failed.signal]),
    onTrouble: seldom((message) => log.warn({ error: message }, "trouble with the queue: it is tried again")),
  };
  const sweeps = workJobs(connections.postgres, {
    ...common,
    queue: sweepQueue,
    timings: { ...jobTimings, ...timings },
    async doJob(job) {
      const end = await sweepOnSchedule(connections, job, { worker, log, progress });
      report[end.kind]++;
      return end;
    },
  });
  const member = { connections, name: worker, log, openBlobs };
  const runs = new OpenRuns(member);
  const partitions = workJobs(connections.postgres, {
    ...common,
    queue: partQueue,
    kind: "many",
    timings: { ...partTimings, ...(timings && { heartbeatSeconds: timings.heartbeatSeconds ?? 20 }) },
    async doJob(job) {
      const end = await doPart(member, runs, job, () => untilWell(connections, common.signal));
      report.partitions[end.kind]++;
      return end;
    },
  });
  for (const one of [sweeps, partitions]) one.catch(() => failed.abort());
  await Promise.allSettled([sweeps, partitions]);
  await runs.close();
  await Promise.all([sweeps, partitions]);
  log.info({ worker, ...report }, "worker stopped");
  return report;
}

const noAttempts = { completed: 0, failed: 0, interrupted: 0, dropped: 0 };
const probe = { first: 1000, longest: 30_000 };

/** Resolves when both stores answer, after a second at the earliest, and when the worker is to stop. */
async function untilWell({ postgres, elasticsearch }: Connections, signal: AbortSignal): Promise<void> {
  for (let failures = 1; !signal.aborted; failures++) {
    await sleep(backOff(failures, probe), undefined, { signal }).catch(() => {});
    try {
      await postgres.query("select 1");
      await elasticsearch.info({}, { requestTimeout: 5000, maxRetries: 0 });
      return;
    } catch {
      continue;
    }
  }
}
