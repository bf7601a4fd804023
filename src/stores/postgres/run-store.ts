import { type ColumnType, type Generated, type Kysely, sql } from "kysely";
import type { RequestedState, RunLimits, RunRecord, RunStatus } from "../../runs/run-record.ts";
import type { NewRun, RunEnd, RunRequest, RunStore } from "../../runs/run-store.ts";

/** `log_archive.runs`, as migrations/postgres/ makes it. */
export interface RunsTable {
  id: Generated<string>;
  command: string;
  status: Generated<RunStatus>;
  options: ColumnType<Record<string, unknown>, string>;
  report: ColumnType<Record<string, unknown> | null, string | null | undefined, string | null>;
  error: string | null;
  started_at: Generated<string>;
  heartbeat_at: Generated<string>;
  finished_at: string | null;
  requested_state: Generated<RequestedState>;
  requested_at: ColumnType<string | null, string | undefined>;
  requested_by: ColumnType<string | null, string | undefined>;
  limits: ColumnType<RunLimits | null, string, string>;
  waiting: ColumnType<string | null, string | undefined>;
}

export type RunsDatabase = Kysely<{ runs: RunsTable }>;

/** The runs in PostgreSQL; their locks are session advisory locks (advisory-locks.ts). Errors are the driver's. */
export class PostgresRunStore implements RunStore {
  private readonly db: RunsDatabase;

  constructor(db: RunsDatabase) {
    this.db = db;
  }

  async create({ id, command, options, limits }: NewRun): Promise<void> {
    const [optionsJson, limitsJson] = [JSON.stringify(options), JSON.stringify(limits)];
    await this.db
      .insertInto("runs")
      .values({ id, command, options: optionsJson, limits: limitsJson, error: null, finished_at: null })
      .execute();
  }

  async reopen(id: string): Promise<void> {
    await this.db
      .updateTable("runs")
      .set({ status: "running", error: null, finished_at: null, heartbeat_at: sql<string>`clock_timestamp()` })
      .where("id", "=", id)
      .execute();
  }

  async readRequest(id: string): Promise<RunRequest> {
    const { requested_state, limits } = await this.db
      .selectFrom("runs")
      .select(["requested_state", "limits"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    return { state: requested_state, limits: limits! };
  }

  async heartbeat(
    id: string,
    { report, waiting }: { readonly report: object; readonly waiting: string | undefined },
  ): Promise<void> {
    await this.db
      .updateTable("runs")
      .set({ report: JSON.stringify(report), waiting: waiting ?? null, heartbeat_at: sql<string>`clock_timestamp()` })
      .where("id", "=", id)
      .execute();
  }

  async finish(id: string, { status, report, error }: RunEnd): Promise<void> {
    await this.db
      .updateTable("runs")
      .set({
        status,
        report: JSON.stringify(report),
        error: error ?? null,
        waiting: null,
        heartbeat_at: sql<string>`clock_timestamp()`,
        finished_at: sql<string>`clock_timestamp()`,
      })
      .where("id", "=", id)
      .execute();
  }

  async request(
    id: string,
    { state, limits = {} }: { readonly state?: RequestedState | undefined; readonly limits?: RunLimits | undefined },
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.db
      .updateTable("runs")
      .set({
        ...(state !== undefined && { requested_state: state }),
        limits: sql<string>`limits || ${JSON.stringify(limits)}::jsonb`,
        requested_at: sql<string>`clock_timestamp()`,
        requested_by: sql<string>`session_user || coalesce('@' || host(inet_client_addr()), '')`,
      })
      .where("id", "=", id)
      .where("status", "=", "running")
      .where("requested_state", "!=", "aborted")
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  async find(idOrStart: string): Promise<RunRecord | undefined> {
    const rows = await this.select()
      .where(sql<boolean>`starts_with(id::text, ${idOrStart.toLowerCase()})`)
      .limit(2)
      .execute();
    return rows.length === 1 ? toRecord(rows[0]!) : undefined;
  }

  async list(limit: number): Promise<RunRecord[]> {
    return (await this.select().orderBy("started_at", "desc").limit(limit).execute()).map(toRecord);
  }

  async isAtWork(commands: readonly string[], exceptId?: string): Promise<boolean> {
    let query = this.db
      .selectFrom("runs")
      .select("id")
      .where("command", "in", commands)
      .where("status", "=", "running")
      .where(lockIsHeld)
      .limit(1);
    if (exceptId !== undefined) query = query.where("id", "<>", exceptId);
    return (await query.executeTakeFirst()) !== undefined;
  }

  private select() {
    return this.db.selectFrom("runs").selectAll().select(lockIsHeld.as("alive"));
  }
}

type SelectedRun = Awaited<ReturnType<ReturnType<PostgresRunStore["select"]>["execute"]>>[number];

/**
 * Whether some session holds the run's lock (`runLockName`), read without taking it: pg_locks shows a bigint key as two
 * halves.
 */
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
