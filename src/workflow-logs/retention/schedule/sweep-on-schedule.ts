import { AppError } from "../../../engine/errors.ts";
import { jobEnds, type JobFailure } from "../../../stores/postgres/jobs/job-ends.ts";
import type { JobEnd, TakenJob } from "../../../stores/postgres/jobs/work-jobs.ts";
import { type Connections, describeStoreError } from "../../connections.ts";
import { dataTypes } from "../../partitions/log-types.ts";
import type { ProgressSink } from "../../../runs/progress.ts";
import type { Log } from "../../../engine/log.ts";
import { hasFaults } from "../report.ts";
import { retentionSweep } from "../retention-sweep.ts";
import { dueSweep, type ScheduledResult } from "./schedule.ts";

/**
 * One attempt of a scheduled sweep. It goes by the schedule as it is now, not as it was when the job was made: what
 * nobody agrees to any more is not deleted.
 */
export async function sweepOnSchedule(
  connections: Connections,
  job: TakenJob,
  { worker, log, progress }: { readonly worker: string; readonly log: Log; readonly progress: ProgressSink },
): Promise<JobEnd> {
  const about = { job: job.id, attempt: job.attempt };
  const ends = jobEnds(log, about, "retention sweep");
  try {
    const schedule = await dueSweep(connections, job.createdAt);
    if (schedule === undefined) return ends.dropped();
    const { tenantIds, retentionDays, snapshotRepository, scheduledBy } = schedule;
    log.info({ ...about, retentionDays, tenantIds }, "retention sweep begins");
    const report = await retentionSweep(
      connections,
      {
        tenantIds,
        dataTypes,
        retentionDays,
        snapshotRepository,
        dryRun: false,
        operator: `${worker} for ${scheduledBy}`,
      },
      { signal: job.signal, progress: { ...progress, note: (text) => log.info(about, text) } },
    );
    const { runId, status, totals, seconds } = report;
    if (status === "interrupted" && job.signal.aborted) return ends.interrupted();
    const output: ScheduledResult = { runId, status, ...totals.deleted };
    log[hasFaults(report) ? "warn" : "info"]({ ...about, ...output, seconds }, "retention sweep ended");
    return { kind: "completed", output };
  } catch (thrown) {
    if (job.signal.aborted) return ends.interrupted();
    return ends.failed(failureOf(describeStoreError(thrown)), job.isLastAttempt);
  }
}

/** The cause stays out of what is kept: an error of a driver has the request with its headers in it. */
function failureOf(thrown: unknown): JobFailure {
  if (thrown instanceof AppError) return { code: thrown.code, message: thrown.message, hint: thrown.hint ?? null };
  return { code: "unexpected", message: thrown instanceof Error ? thrown.message : String(thrown), hint: null };
}
