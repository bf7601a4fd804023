import type { DatabaseSync } from "node:sqlite";
import { operator } from "../../runs/operator.ts";
import { runLockName } from "../../runs/run-locks.ts";
import type { RequestedState, RunLimits, RunRecord, RunStatus } from "../../runs/run-record.ts";
import type { NewRun, RunEnd, RunRequest, RunStore } from "../../runs/run-store.ts";
import { isLocked } from "./sqlite-locks.ts";
import type { StateFile } from "./state-file.ts";

interface RunRow {
  readonly id: string;
  readonly command: string;
  readonly status: RunStatus;
  readonly options: string;
  readonly report: string | null;
  readonly error: string | null;
  readonly started_at: string;
  readonly heartbeat_at: string;
  readonly finished_at: string | null;
  readonly requested_state: RequestedState;
  readonly requested_at: string | null;
  readonly requested_by: string | null;
  readonly limits: string;
  readonly waiting: string | null;
}

/** The runs in the state file; their locks are SqliteLocks over the same file. */
export class SqliteRunStore implements RunStore {
  private readonly state: StateFile;

  constructor(state: StateFile) {
    this.state = state;
  }

  async create({ id, command, options, limits }: NewRun): Promise<void> {
    await this.run(
      "insert into runs (id, command, options, limits, started_at, heartbeat_at) values (?, ?, ?, ?, ?, ?)",
      id,
      command,
      JSON.stringify(options),
      JSON.stringify(limits),
      now(),
      now(),
    );
  }

  async reopen(id: string): Promise<void> {
    await this.run(
      "update runs set status = 'running', error = null, finished_at = null, heartbeat_at = ? where id = ?",
      now(),
      id,
    );
  }

  readRequest(id: string): Promise<RunRequest> {
    return this.state.read((db) => {
      const row = db.prepare("select requested_state, limits from runs where id = ?").get(id) as unknown as
        | RunRow
        | undefined;
      if (row === undefined) throw new Error(`There is no run ${id}`);
      return { state: row.requested_state, limits: JSON.parse(row.limits) as RunLimits };
    });
  }

  async heartbeat(
    id: string,
    { report, waiting }: { readonly report: object; readonly waiting: string | undefined },
  ): Promise<void> {
    await this.run(
      "update runs set report = ?, waiting = ?, heartbeat_at = ? where id = ?",
      JSON.stringify(report),
      waiting ?? null,
      now(),
      id,
    );
  }

  async finish(id: string, { status, report, error }: RunEnd): Promise<void> {
    await this.run(
      "update runs set status = ?, report = ?, error = ?, waiting = null, heartbeat_at = ?, finished_at = ? where id = ?",
      status,
      JSON.stringify(report),
      error ?? null,
      now(),
      now(),
      id,
    );
  }

  request(
    id: string,
    {
      state: wanted,
      limits = {},
    }: { readonly state?: RequestedState | undefined; readonly limits?: RunLimits | undefined },
  ): Promise<boolean> {
    return this.state.write((db) => {
      const row = db
        .prepare("select * from runs where id = ? and status = 'running' and requested_state <> 'aborted'")
        .get(id) as unknown as RunRow | undefined;
      if (row === undefined) return false;
      db.prepare(
        "update runs set requested_state = ?, limits = ?, requested_at = ?, requested_by = ? where id = ?",
      ).run(
        wanted ?? row.requested_state,
        JSON.stringify({ ...(JSON.parse(row.limits) as RunLimits), ...limits }),
        now(),
        operator(),
        id,
      );
      return true;
    });
  }

  find(idOrStart: string): Promise<RunRecord | undefined> {
    return this.state.read((db) => {
      const start = idOrStart.toLowerCase();
      const rows = db.prepare("select * from runs where substr(id, 1, ?) = ? limit 2").all(start.length, start);
      return rows.length === 1 ? this.toRecord(db, rows[0] as unknown as RunRow) : undefined;
    });
  }

  list(limit: number): Promise<RunRecord[]> {
    return this.state.read((db) =>
      db
        .prepare("select * from runs order by started_at desc, rowid desc limit ?")
        .all(limit)
        .map((row) => this.toRecord(db, row as unknown as RunRow)),
    );
  }

  isAtWork(commands: readonly string[], exceptId?: string): Promise<boolean> {
    return this.state.read((db) =>
      db
        .prepare("select id, command from runs where status = 'running'")
        .all()
        .some(
          ({ id, command }) =>
            id !== exceptId &&
            commands.includes(command as string) &&
            isLocked(db, this.state, runLockName(id as string)),
        ),
    );
  }

  private async run(statement: string, ...values: (string | null)[]): Promise<void> {
    await this.state.write((db) => db.prepare(statement).run(...values));
  }

  private toRecord(db: DatabaseSync, row: RunRow): RunRecord {
    const hasDied = row.status === "running" && !isLocked(db, this.state, runLockName(row.id));
    return {
      id: row.id,
      command: row.command,
      status: hasDied ? "died" : row.status,
      options: JSON.parse(row.options) as Record<string, unknown>,
      report: row.report === null ? null : (JSON.parse(row.report) as Record<string, unknown>),
      error: row.error,
      startedAt: row.started_at,
      heartbeatAt: row.heartbeat_at,
      finishedAt: row.finished_at,
      waiting: hasDied ? null : row.waiting,
      limits: JSON.parse(row.limits) as RunLimits,
      requested: { state: row.requested_state, at: row.requested_at, by: row.requested_by },
    };
  }
}

function now(): string {
  return new Date().toISOString();
}
