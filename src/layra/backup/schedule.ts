import type { Log } from "../../engine/log.ts";
import { AppError } from "../../engine/errors.ts";
import { seldom } from "../../engine/seldom.ts";
import type { Pool } from "../../stores/postgres/connection/pool.ts";
import { nextTimes, type Recurrence } from "../../stores/postgres/jobs/cron.ts";
import { dueData } from "../../stores/postgres/jobs/due.ts";
import { jobEnds, type JobFailure } from "../../stores/postgres/jobs/job-ends.ts";
import { jobTimings, type JobTimings } from "../../stores/postgres/jobs/job-timings.ts";
import { type JobRecord, readQueue } from "../../stores/postgres/jobs/read-jobs.ts";
import { removeSchedule, setSchedule } from "../../stores/postgres/jobs/schedules.ts";
import { type JobEnd, type TakenJob, workJobs } from "../../stores/postgres/jobs/work-jobs.ts";
import type { StoreName } from "../stores.ts";
import type { BackupReport } from "./backup.ts";

/** The name of the queue in pg-boss. */
const backupQueue = "stores-backup";

export interface BackupPlan extends Recurrence {
  /** Folder or bucket, as `app stores backup --to` has it. A folder is one of the worker's machine. */
  readonly to: string;
  /** These stores alone; empty means all that are configured. */
  readonly only: readonly StoreName[];
  /** Rules as `--keep` has them; without any, old backups stay. */
  readonly keep?: string | undefined;
  readonly scheduledBy: string;
}

export interface BackupSchedule extends BackupPlan {
  /** The next three times. */
  readonly next: readonly string[];
  /** When a worker last looked for what is due; null before the first. */
  readonly workerSeenAt: string | null;
  readonly last: JobRecord | null;
  /** The last that failed in all its attempts. */
  readonly lastFailed: JobRecord | null;
}

/**
 * Afterwards workers back up at these times, by this plan in the place of one before. Throws UsageError for a wrong
 * expression or zone; nothing is changed then.
 */
export async function scheduleBackups(pool: Pool, plan: BackupPlan): Promise<BackupSchedule> {
  await nextTimes(pool, plan);
  await setSchedule(pool, backupQueue, plan, plan);
  return (await backupSchedule(pool))!;
}

/** Afterwards nothing is backed up by itself any more. Returns the schedule that was; a backup under way goes on. */
export async function unscheduleBackups(pool: Pool): Promise<BackupSchedule | null> {
  const before = await backupSchedule(pool);
  if (before !== null) await removeSchedule(pool, backupQueue);
  return before;
}

/** The schedule that holds and how its backups fared; null where there is none. */
export async function backupSchedule(pool: Pool): Promise<BackupSchedule | null> {
  const found = await readQueue<BackupPlan>(pool, backupQueue);
  if (found === undefined) return null;
  const { data, workerSeenAt, last, lastFailed } = found;
  const next = await nextTimes(pool, data);
  return { ...data, next: next.map((time) => time.toISOString()), workerSeenAt, last, lastFailed };
}

export interface BackupWorker {
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Backs up as the plan says, until `signal` aborts. */
  readonly backUp: (plan: BackupPlan, signal: AbortSignal) => Promise<BackupReport>;
  /** For tests, which cannot wait a minute. */
  readonly timings?: Partial<JobTimings> | undefined;
}

/**
 * Backs up when it is time, until the signal aborts; of any number of workers one does each. A backup that was
 * interrupted or whose worker died is gone on with by the next attempt.
 */
export async function workBackups(pool: Pool, worker: BackupWorker): Promise<void> {
  await workJobs(pool, {
    queue: backupQueue,
    timings: { ...jobTimings, ...worker.timings },
    concurrency: 1,
    signal: worker.signal,
    onTrouble: seldom((message) => worker.log.warn({ error: message }, "trouble with the queue: it is tried again")),
    doJob: (job) => backUpOnSchedule(pool, job, worker),
  });
}

/** One attempt. It goes by the plan as it is now, not as it was when the job was made. */
async function backUpOnSchedule(pool: Pool, job: TakenJob, { log, backUp }: BackupWorker): Promise<JobEnd> {
  const about = { job: job.id, attempt: job.attempt };
  const ends = jobEnds(log, about, "backup");
  try {
    const plan = await dueData<BackupPlan>(pool, backupQueue, job.createdAt);
    if (plan === undefined) return ends.dropped();
    log.info({ ...about, to: plan.to, only: plan.only, keep: plan.keep }, "backup begins");
    const { status, id, totals, dangling, forgotten } = await backUp(plan, job.signal);
    if (status === "interrupted" && job.signal.aborted) return ends.interrupted(); // else it was aborted by app runs
    const output = { status, id, ...totals, dangling: dangling.total, forgotten };
    log[status === "completed" ? "info" : "warn"]({ ...about, ...output }, "backup ended");
    return { kind: "completed", output };
  } catch (thrown) {
    if (job.signal.aborted) return ends.interrupted();
    return ends.failed(failureOf(thrown), job.isLastAttempt);
  }
}

/** The cause stays out of what is kept: an error of a driver may have an address with its password in it. */
function failureOf(thrown: unknown): JobFailure {
  if (thrown instanceof AppError) return { code: thrown.code, message: thrown.message, hint: thrown.hint ?? null };
  return { code: "unexpected", message: "The backup failed.", hint: "app stores backup says more." };
}
