import { type ColumnType, type Generated, type Kysely, type RawBuilder, sql } from "kysely";
import { runLockName } from "../../runs/run-locks.ts";
import type { RequestedState, RunLimits, RunStatus } from "../../runs/run-record.ts";
import type { PartState } from "../../runs/sharing.ts";

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

/** `log_archive.shared_runs` and what hangs on it, as migrations/postgres/ makes them. */
export interface SharedRunTables {
  shared_runs: {
    run_id: string;
    epoch: string;
    is_stopping: Generated<boolean>;
    target: ColumnType<object, string, string>;
    owed_since: Generated<string>;
    owed_records: Generated<number>;
    owed_bytes: Generated<number>;
  };
  run_parts: {
    run_id: string;
    key: string;
    position: number;
    state: Generated<PartState>;
    plan: ColumnType<object, string, string>;
    counts: ColumnType<object | null, string | undefined, string | null>;
    worker: string | null;
    job_id: string | null;
    attempt: string | null;
    unsettled: ColumnType<string[], never, string[]>;
    attempts: Generated<number>;
    fruitless: Generated<number>;
    error: ColumnType<PartError | null, string | undefined, string | null>;
    updated_at: Generated<string>;
  };
  run_workers: {
    run_id: string;
    worker: string;
    seen_at: Generated<string>;
    waiting: string | null;
    refusal: string | null;
  };
}

export type RunsDatabase = Kysely<{ runs: RunsTable }>;

export type SharedRunsDatabase = Kysely<SharedRunTables & { runs: RunsTable }>;

export interface PartError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/**
 * Whether some session holds the advisory lock of this name, SQL of a text, read without taking it: pg_locks shows a
 * bigint key as two halves.
 */
export function lockIsHeld(name: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql<boolean>`exists (
  select from pg_locks l, (select hashtextextended(${name}, 0) as key) k
   where l.locktype = 'advisory' and l.objsubid = 1 and l.granted and l.database = (select oid from pg_database where datname = current_database())
     and l.classid = ((k.key >> 32) & 4294967295)::oid and l.objid = (k.key & 4294967295)::oid)`;
}

/** Whether the process of the run lives; in a query of `runs`. */
export const processLives = lockIsHeld(sql`${sql.lit(runLockName(""))} || runs.id::text`);
