import type { RetentionSchedule, ScheduledRun } from "../../../../workflow-logs/retention/schedule/schedule.ts";
import { formatBytes, formatCount } from "../../../output/format.ts";
import { printable } from "../../../output/printable.ts";
import { tenants } from "./consent.ts";

/** A worker looks every second; one that has not for so long is not there. */
const absentMillis = 120_000;

/** The schedule, when it comes next and how its sweeps fared. */
export function scheduleLines(schedule: RetentionSchedule | null): string {
  if (schedule === null) return "Retention schedule: none";
  const { cron, timezone, retentionDays, tenantIds, snapshotRepository, next, lastRun, lastFailure } = schedule;
  const snapshot = snapshotRepository === undefined ? "" : `, snapshots in ${snapshotRepository}`;
  const isNews = lastFailure !== null && lastFailure.createdAt !== lastRun?.createdAt;
  return [
    `Retention schedule: ${cron} (${timezone}), ${retentionDays} days, ${tenants(tenantIds)}${snapshot}; next at ${next.join(", ")}`,
    ...(lastRun === null ? [] : [runLine("Last scheduled sweep", lastRun)]),
    ...(isNews ? [runLine("Last failure", lastFailure)] : []),
    ...workerWarning(schedule),
  ].join("\n");
}

function runLine(what: string, run: ScheduledRun): string {
  const { state, startedAt, finishedAt, retryAt, createdAt, attempts, result, error } = run;
  const failure = error === null ? "" : `: ${printable(error.message)}`;
  switch (state) {
    case "completed":
      return `${what}: completed at ${finishedAt}${result === null ? "" : `, ${counts(result)}`}`;
    case "failed":
      return `⚠ WARNING: ${what.toLowerCase()} failed at ${finishedAt} after ${attempts} attempts${failure}`;
    case "retrying":
      return `⚠ WARNING: ${what.toLowerCase()} failed ${attempts} times, again at ${retryAt}${failure}`;
    case "died":
      return `⚠ WARNING: ${what.toLowerCase()} was begun at ${startedAt} by a worker that died; another takes it up`;
    default:
      return `${what}: ${state} since ${startedAt ?? createdAt}`;
  }
}

function counts({ status, indices, documents, bytes }: NonNullable<ScheduledRun["result"]>): string {
  const found = status === "completed" ? "" : ` (${status.replaceAll("_", " ")}: app runs list)`;
  return `${formatCount(indices)} indices with ${formatCount(documents)} documents (${formatBytes(bytes)}) deleted${found}`;
}

function workerWarning({ workerSeenAt }: RetentionSchedule): string[] {
  if (workerSeenAt === null) return ["⚠ WARNING: no worker has run yet: start app worker"];
  if (Date.now() - Date.parse(workerSeenAt) < absentMillis) return [];
  return [`⚠ WARNING: no worker runs since ${workerSeenAt}: start app worker`];
}
