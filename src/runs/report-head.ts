import type { RunStatus } from "./run-record.ts";

/** How the run of any pipeline ended. */
export type RunEnding = Exclude<RunStatus, "running"> | "dry_run";

/** Words that some reports have in `status`, and keep for the scripts that read them. */
const olderWords = {
  match: "completed",
  mismatch: "completed_with_errors",
  ok: "completed",
  damaged: "completed_with_errors",
  completed_with_findings: "completed_with_errors",
  running: "interrupted",
  paused: "interrupted",
  aborted: "interrupted",
} as const satisfies Record<string, RunEnding>;

export type ReportStatus = RunEnding | keyof typeof olderWords;

/** What the report of every run begins with, whichever pipeline it is of. */
export interface ReportHead {
  /** Null where nothing was recorded, as in most dry runs. */
  readonly runId: string | null;
  readonly end: RunEnding;
  /** ISO times in UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly seconds: number;
}

/** A report as a pipeline has it; what it lacks of the head is taken from the command. */
export interface Reported {
  readonly status: ReportStatus;
  readonly end?: RunStatus | undefined;
  readonly runId?: string | null;
  readonly startedAt?: string;
  readonly finishedAt?: string | null;
  readonly seconds?: number;
}

/** The report with its head. `startedAt` is when the command began. */
export function withHead<R extends Reported>(report: R, startedAt: Date): Omit<R, keyof ReportHead> & ReportHead {
  const now = new Date();
  return {
    ...report,
    runId: report.runId ?? null,
    end: endingOf(report.end ?? report.status),
    startedAt: report.startedAt ?? startedAt.toISOString(),
    finishedAt: report.finishedAt || now.toISOString(),
    seconds: report.seconds ?? (now.getTime() - startedAt.getTime()) / 1000,
  };
}

function endingOf(status: ReportStatus): RunEnding {
  return status in olderWords ? olderWords[status as keyof typeof olderWords] : (status as RunEnding);
}
