import { captureStatus } from "./capture/status.ts";
import type { Connections } from "./connections.ts";
import { retentionSchedule } from "./retention/schedule/schedule.ts";
import { countRecordErrors } from "./state/record-errors.ts";
import { appliedMigrations } from "./state/upgrade.ts";

/** How the archive stands, in numbers that a monitor can ask for often: none of them reads a log table or an index. */
export interface ArchiveFigures {
  readonly captureInstalled: boolean;
  readonly captureGaps: number;
  readonly dirtyRows: number;
  readonly dirtyOldestSeconds: number;
  /** By the type of the refusal. */
  readonly recordErrors: Readonly<Record<string, number>>;
  readonly partitions: readonly { readonly dataType: string; readonly state: string; readonly count: number }[];
  /** Seconds since 1970; undefined where nothing is scheduled, or none has ended yet. */
  readonly lastSweepEnd: number | undefined;
  readonly lastSweepFailed: boolean;
  readonly workerSeen: number | undefined;
}

/** Undefined where this program has no tables yet. Throws when PostgreSQL does not answer. */
export async function archiveFigures(connections: Connections): Promise<ArchiveFigures | undefined> {
  const { state } = connections;
  if ((await appliedMigrations(state)).length === 0) return undefined;
  const capture = await captureStatus(connections);
  const partitions = await state
    .selectFrom("partitions")
    .select((column) => ["data_type", "state", column.fn.countAll<string>().as("count")])
    .groupBy(["data_type", "state"])
    .execute();
  const schedule = await retentionSchedule(connections);
  const lastRun = schedule?.lastRun;
  return {
    captureInstalled: capture.installed,
    captureGaps: capture.gaps,
    dirtyRows: capture.dirtyRows,
    dirtyOldestSeconds: capture.oldestSeconds ?? 0,
    recordErrors: await countRecordErrors(state, {}),
    partitions: partitions.map(({ data_type: dataType, state: of, count }) => ({
      dataType,
      state: of,
      count: Number(count),
    })),
    lastSweepEnd: secondsOf(lastRun?.finishedAt),
    lastSweepFailed: lastRun?.state === "failed",
    workerSeen: secondsOf(schedule?.workerSeenAt),
  };
}

function secondsOf(time: string | null | undefined): number | undefined {
  return time === null || time === undefined ? undefined : Date.parse(time) / 1000;
}
