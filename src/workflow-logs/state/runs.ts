import { sql } from "kysely";
import type { RequestedState, RunLimits, RunStatus, StateDatabase } from "./database.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";

export interface RunRecord {
  readonly id: string;
  readonly command: string;
  /** `died` when it says running but its process holds its lock no more. */
  readonly status: RunStatus | "died";
  readonly options: Record<string, unknown>;
  readonly report: Record<string, unknown> | null;
  readonly error: string | null;
  readonly startedAt: string;
  readonly heartbeatAt: string;
  readonly finishedAt: string | null;
  /** Why it does not go on as fast as it can, as its process last said. */
  readonly waiting: string | null;
  /** Null for a run of an older program, which obeys no requests. */
  readonly limits: RunLimits | null;
  /** What was asked of it last from another terminal. */
  readonly requested: { readonly state: RequestedState; readonly at: string | null; readonly by: string | null };
}

/** The advisory lock that the process of a run holds as long as it lives. */
export function runLockName(runId: string): string {
  return `log_archive:run:${runId}`;
}

export async function createRun(
  db: StateDatabase,
  { id, command, options, limits }: { id: string; command: string; options: object; limits: RunLimits },
): Promise<void> {
  const [optionsJson, limitsJson] = [JSON.stringify(options), JSON.stringify(limits)];
  await db
    .insertInto("runs")
    .values({ id, command, options: optionsJson, limits: limitsJson, error: null, finished_at: null })
    .execute();
}

/** The run is running again, as it was when its process lost the connection. */
export async function reopenRun(db: StateDatabase, runId: string): Promise<void> {
  await db
    .updateTable("runs")
    .set({ status: "running", error: null, finished_at: null, heartbeat_at: sql<string>`clock_timestamp()` })
    .where("id", "=", runId)
    .execute();
}

/** Stores the counters of a run under way, why it waits, and that it lives. */
export async function heartbeat(
  db: StateDatabase,
  runId: string,
  { report, waiting }: { report: object; waiting: string | undefined },
): Promise<void> {
  await db
    .updateTable("runs")
    .set({ report: JSON.stringify(report), waiting: waiting ?? null, heartbeat_at: sql<string>`clock_timestamp()` })
    .where("id", "=", runId)
    .execute();
}

export async function finishRun(
  db: StateDatabase,
  runId: string,
  end: { status: RunStatus; report: object; error?: string | undefined },
): Promise<void> {
  await db
    .updateTable("runs")
    .set({
      status: end.status,
      report: JSON.stringify(end.report),
      error: end.error ?? null,
      waiting: null,
      heartbeat_at: sql<string>`clock_timestamp()`,
      finished_at: sql<string>`clock_timestamp()`,
    })
    .where("id", "=", runId)
    .execute();
}

/** The newest runs first. */
export async function listRuns(db: StateDatabase, limit: number): Promise<RunRecord[]> {
  return (await selectRuns(db).orderBy("started_at", "desc").limit(limit).execute()).map(toRecord);
}

/** The run whose id is this or begins with it; undefined when there is none or more than one. */
export async function findRun(db: StateDatabase, idOrStart: string): Promise<RunRecord | undefined> {
  const rows = await selectRuns(db)
    .where(sql<boolean>`starts_with(id::text, ${idOrStart.toLowerCase()})`)
    .limit(2)
    .execute();
  return rows.length === 1 ? toRecord(rows[0]!) : undefined;
}

/** The run that worked on the partition last. */
export async function lastRunOf(db: StateDatabase, partition: PartitionId): Promise<RunRecord | undefined> {
  const owner = db
    .selectFrom("partitions")
    .select("run_id")
    .where((row) => row.and(partitionColumns(partition)));
  const row = await selectRuns(db).where("id", "=", owner).executeTakeFirst();
  return row && toRecord(row);
}

/** Whether a run of one of these commands is at work, other than `exceptRunId`. */
export async function isAtWork(db: StateDatabase, commands: readonly string[], exceptRunId?: string): Promise<boolean> {
  let query = db
    .selectFrom("runs")
    .select("id")
    .where("command", "in", commands)
    .where("status", "=", "running")
    .where(lockIsHeld)
    .limit(1);
  if (exceptRunId !== undefined) query = query.where("id", "<>", exceptRunId);
  return (await query.executeTakeFirst()) !== undefined;
}

type SelectedRun = Awaited<ReturnType<ReturnType<typeof selectRuns>["execute"]>>[number];

function selectRuns(db: StateDatabase) {
  return db.selectFrom("runs").selectAll().select(lockIsHeld.as("alive"));
}

/** Whether some session holds the run's lock, read without taking it: pg_locks shows a bigint key as two halves. */
const lockIsHeld = sql<boolean>`exists (
  select from pg_locks l, (select hashtextextended('log_archive:run:' || runs.id::text, 0) as key) k
   where l.locktype = 'advisory' and l.objsubid = 1 and l.database = (select oid from pg_database where datname = current_database())
     and l.classid = ((k.key >> 32) & 4294967295)::oid and l.objid = (k.key & 4294967295)::oid)`;

function toRecord(row: SelectedRun): RunRecord {
  const hasDied = row.status === "running" && !row.alive;
  return {
    id: row.id,
    command: row.command,
    status: hasDied ? "died" : row.status,
    options: row.options,
    report: row.report,
    error: row.error,
    startedAt: row.started_at,
    heartbeatAt: row.heartbeat_at,
    finishedAt: row.finished_at,
    waiting: hasDied ? null : (row.waiting ?? null),
    limits: row.limits ?? null, // a schema that was not upgraded yet has none of these columns
    requested: { state: row.requested_state ?? "running", at: row.requested_at ?? null, by: row.requested_by ?? null },
  };
}
