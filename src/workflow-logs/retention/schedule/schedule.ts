import { requireRepository } from "../../../stores/elasticsearch/snapshots.ts";
import { nextTimes, type Recurrence } from "../../../stores/postgres/jobs/cron.ts";
import { dueData } from "../../../stores/postgres/jobs/due.ts";
import { type JobRecord, readQueue } from "../../../stores/postgres/jobs/read-jobs.ts";
import { removeSchedule, setSchedule } from "../../../stores/postgres/jobs/schedules.ts";
import type { Connections } from "../../connections.ts";
import { dataTypes } from "../../partitions/log-types.ts";
import { inspectSources } from "../../partitions/source-schema.ts";
import { requireSensibleDays } from "../options.ts";

/** The name of the queue in pg-boss. */
export const sweepQueue = "retention-sweep";

export interface ScheduleOptions extends Recurrence {
  /** Empty means every tenant that there is when a sweep starts. */
  readonly tenantIds: readonly string[];
  /**
   * Where no rule of `retention set` says otherwise. Kept with the schedule, whatever a worker's
   * ELASTICSEARCH_RETENTION_DAYS says.
   */
  readonly retentionDays: number;
  readonly snapshotRepository?: string | undefined;
  /** Who agreed to what it deletes, for the journal. */
  readonly scheduledBy: string;
}

interface StoredSchedule extends ScheduleOptions {
  readonly scheduledAt: string;
}

/** How a scheduled sweep stands or ended. */
export interface ScheduledRun extends Omit<JobRecord, "output"> {
  readonly result: ScheduledResult | null;
  /** How the last attempt failed. */
  readonly error: { readonly code: string | null; readonly message: string } | null;
}

/** What a sweep that came to its end leaves behind. */
export interface ScheduledResult {
  readonly runId: string | null;
  readonly status: string;
  readonly indices: number;
  readonly documents: number;
  readonly bytes: number;
}

export interface RetentionSchedule extends StoredSchedule {
  /** The next three times. */
  readonly next: readonly string[];
  /** When a worker last looked for what is due; null before the first. */
  readonly workerSeenAt: string | null;
  readonly lastRun: ScheduledRun | null;
  /** The last that failed in all its attempts. */
  readonly lastFailure: ScheduledRun | null;
}

/**
 * Afterwards workers sweep at these times, by this schedule in the place of one before. Throws UsageError for a wrong
 * expression, zone, tenant id, number of days or repository; nothing is changed then.
 */
export async function scheduleRetention(
  connections: Connections,
  options: ScheduleOptions,
): Promise<RetentionSchedule> {
  const { postgres, elasticsearch } = connections;
  const { tenantIds, retentionDays, snapshotRepository } = options;
  await nextTimes(postgres, options);
  requireSensibleDays({ tenantIds: [], dryRun: false }, retentionDays); // a retention of nothing is never scheduled
  await inspectSources(postgres, { dataTypes, tenantIds });
  if (snapshotRepository !== undefined) await requireRepository(elasticsearch, snapshotRepository);
  const stored: StoredSchedule = { ...options, scheduledAt: new Date().toISOString() };
  await setSchedule(postgres, sweepQueue, options, stored);
  return (await retentionSchedule(connections))!;
}

/**
 * Afterwards nothing is swept by itself any more; a sweep under way goes on to its end. Returns the schedule that was,
 * null where there was none.
 */
export async function unscheduleRetention(
  connections: Pick<Connections, "postgres">,
): Promise<RetentionSchedule | null> {
  const before = await retentionSchedule(connections);
  if (before !== null) await removeSchedule(connections.postgres, sweepQueue);
  return before;
}

/** The schedule that holds and how its sweeps fared; null where there is none. */
export async function retentionSchedule({
  postgres,
}: Pick<Connections, "postgres">): Promise<RetentionSchedule | null> {
  const found = await readQueue<StoredSchedule>(postgres, sweepQueue);
  if (found === undefined) return null;
  const { data, workerSeenAt, last, lastFailed } = found;
  const next = await nextTimes(postgres, data);
  return {
    ...data,
    next: next.map((time) => time.toISOString()),
    workerSeenAt,
    lastRun: last && scheduledRun(last),
    lastFailure: lastFailed && scheduledRun(lastFailed),
  };
}

/** What is to be swept by a job made at `at`; undefined when there is no time of the schedule for it. */
export async function dueSweep(
  { postgres }: Pick<Connections, "postgres">,
  at: Date,
): Promise<ScheduleOptions | undefined> {
  return dueData<StoredSchedule>(postgres, sweepQueue, at);
}

function scheduledRun({ output, ...job }: JobRecord): ScheduledRun {
  if (job.state === "completed") return { ...job, result: output as ScheduledResult | null, error: null };
  return { ...job, result: null, error: output && failure(output) };
}

/** pg-boss itself writes a failure as `{value: {message}}`, and for a silent worker its own words. */
function failure(output: object): ScheduledRun["error"] {
  const { code, message, value } = output as { code?: string; message?: string; value?: { message?: string } };
  const text = message ?? value?.message ?? JSON.stringify(output);
  if (text === "job heartbeat timeout") return { code: "worker_lost", message: "Its worker died or was cut off." };
  return { code: code ?? null, message: text };
}
