import { sql } from "kysely";
import type { RequestedState, RunLimits, RunRecord } from "../../runs/run-record.ts";
import type { NewRun, RunEnd, RunRequest, RunStore } from "../../runs/run-store.ts";
import { processLives, type RunsDatabase } from "./runs-tables.ts";
import { sharingOf } from "./sharing.ts";

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

  async reopen(id: string, { forgetAbort } = { forgetAbort: false }): Promise<void> {
    const requested = sql<RequestedState>`case requested_state when 'aborted' then 'running' else requested_state end`;
    await this.db
      .updateTable("runs")
      .set({
        status: "running",
        error: null,
        finished_at: null,
        heartbeat_at: sql<string>`clock_timestamp()`,
        ...(forgetAbort && { requested_state: requested }),
      })
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
    if (rows.length !== 1) return undefined;
    const sharing = await sharingOf(this.db, rows[0]!.id);
    return { ...toRecord(rows[0]!), ...(sharing && { sharing }) };
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
      .where(processLives)
      .limit(1);
    if (exceptId !== undefined) query = query.where("id", "<>", exceptId);
    return (await query.executeTakeFirst()) !== undefined;
  }

  private select() {
    return this.db.selectFrom("runs").selectAll().select(processLives.as("alive"));
  }
}

type SelectedRun = Awaited<ReturnType<ReturnType<PostgresRunStore["select"]>["execute"]>>[number];

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
