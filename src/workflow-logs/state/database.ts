import { type ColumnType, type Generated, Kysely, PostgresDialect } from "kysely";
import type { Pool } from "pg";
import type { RunsTable, SharedRunTables } from "../../stores/postgres/runs-tables.ts";
import { retryOnConflict } from "../../stores/postgres/connection/conflicts.ts";
import { typedPool } from "./typed-pool.ts";

// src/workflow-logs/state is what the archive remembers, in the schema log_archive beside the logs: one file for
// each table or pair of tables, in folders named after the use case that keeps them. It never decides anything.

export type PartitionState = "planned" | "copying" | "copied" | "verified" | "purging" | "purged" | "expired";
export type WriteMode = "postgres" | "both" | "elasticsearch";
export type ReadMode = "postgres" | "shadow" | "elasticsearch";
/** The records of a tenant that were asked to go: exactly one of these. */
export interface DeleteSelection {
  readonly ids?: readonly string[];
  readonly appId?: string;
  readonly workflowRunIds?: readonly string[];
  /**
   * Node executions of these runs whose rows had been purged by then, an ISO timestamp: when the platform deleted the
   * run.
   */
  readonly ofDeletedRuns?: Readonly<Record<string, string>>;
  /** Created before this instant. */
  readonly before?: string;
}

/**
 * `missing`: a row without a document; `extra`: a document without a row; `changed`: the row was written while it was
 * validated, so nothing can be said of it; `lost`: a row that was purged and has no document; `altered`: one whose
 * document is not what it was then; `doubled`: a document without a row here whose id has another one, where its row is
 * or was last.
 */
export type DifferenceKind = "missing" | "different" | "extra" | "changed" | "lost" | "altered" | "doubled";

/**
 * The tables of `log_archive` as migrations/postgres/ makes them. Times are ISO 8601 text in UTC and bigints text
 * (typed-pool.ts).
 */
export interface StateTables extends SharedRunTables {
  runs: RunsTable;
  partitions: {
    data_type: string;
    tenant_id: string;
    month: string;
    state: PartitionState;
    index_name: string;
    index_uuid: string;
    copied_rows: ColumnType<string, number | undefined, number>;
    copied_bytes: ColumnType<string, number | undefined, number>;
    run_id: string | null;
    updated_at: Generated<string>;
    purged_since: Generated<string | null>;
    purged_index_uuid: Generated<string | null>;
  };
  checkpoints: {
    data_type: string;
    tenant_id: string;
    month: string;
    range_start: string;
    created_at: string;
    id: string;
  };
  open_rows: {
    data_type: string;
    record_id: string;
    tenant_id: string;
    month: string;
    fingerprint: Buffer;
    first_copied_at: Generated<string>;
  };
  record_errors: {
    data_type: string;
    record_id: string;
    tenant_id: string;
    month: string | null;
    type: string;
    reason: string;
    attempts: Generated<number>;
    run_id: string | null;
    first_seen_at: Generated<string>;
    last_seen_at: Generated<string>;
  };
  proofs: {
    id: Generated<string>;
    data_type: string;
    tenant_id: string;
    month: string;
    index_uuid: string;
    rows: ColumnType<string, number>;
    run_id: string | null;
    proved_at: Generated<string>;
    voided_at: string | null;
    gaps: Generated<string>;
  };
  validation_progress: {
    data_type: string;
    tenant_id: string;
    month: string;
    run_id: string;
    index_uuid: string;
    range_from: string;
    range_to: string;
    created_at: string | null;
    id: string | null;
    checked: ColumnType<string, number, number>;
    finished: boolean;
    purged_id: string | null;
    gaps: Generated<string>;
    updated_at: Generated<string>;
  };
  validation_differences: {
    at: Generated<string>;
    run_id: string;
    data_type: string;
    tenant_id: string;
    month: string | null;
    record_id: string;
    kind: DifferenceKind;
    columns: string[];
    reason: string | null;
    resolved: "repaired" | "deleted" | null;
    found_at: Generated<string>;
  };
  purged_rows: {
    data_type: string;
    record_id: string;
    tenant_id: string;
    month: string;
    run_id: string | null;
    purged_at: Generated<string>;
    offload_rows: number;
    expired: boolean;
    fingerprint: Buffer | null;
    document_bytes: number | null;
    adopted_at: string | null;
  };
  restores: {
    data_type: string;
    tenant_id: string;
    month: string;
    run_id: string;
    index_uuid: string;
    range_from: string;
    range_to: string;
    last_id: string | null;
    is_done: boolean;
    counts: ColumnType<Record<string, unknown>, string, string>;
    updated_at: Generated<string>;
  };
  restore_findings: {
    table_name: string;
    record_id: string;
    data_type: string;
    tenant_id: string;
    month: string;
    kind: "different" | "refused" | "lost" | "accepted";
    columns: string[];
    reason: string;
    run_id: string | null;
    found_at: Generated<string>;
  };
  unresolved_contents: {
    offload_id: string;
    record_id: string;
    tenant_id: string;
    month: string;
    reason: string;
    run_id: string | null;
    found_at: Generated<string>;
  };
  dirty_rows: {
    version: Generated<string>;
    data_type: string;
    record_id: string;
    operation: "I" | "U" | "D" | "T";
    tenant_id: string;
    old_tenant_id: string | null;
    old_created_at: string | null;
    created_at: string | null;
    written_at: Generated<string>;
  };
  capture: {
    only_row: Generated<boolean>;
    installed_at: string | null;
    installed_gaps: string | null;
    known_gaps: Generated<string>;
  };
  deleted_rows: {
    data_type: string;
    record_id: string;
    tenant_id: string;
    month: string;
    created_at: string | null;
    deleted_at: Generated<string>;
  };
  rollouts: {
    tenant_id: string;
    write_mode: WriteMode;
    read_mode: ReadMode;
    changed_at: Generated<string>;
  };
  rollout_changes: {
    id: Generated<string>;
    tenant_id: string;
    write_before: WriteMode;
    read_before: ReadMode;
    write_mode: WriteMode;
    read_mode: ReadMode;
    forced_against: ColumnType<string[], readonly string[]>;
    is_rollback: Generated<boolean>;
    taken_back_by: ColumnType<string | null, undefined, string>;
    changed_at: Generated<string>;
    changed_by: Generated<string>;
  };
  direct_writes: {
    data_type: string;
    tenant_id: string;
    month: string;
    first_at: Generated<string>;
  };
  requested_deletes: {
    id: Generated<string>;
    data_type: string;
    tenant_id: string;
    selection: ColumnType<DeleteSelection, string>;
    requested_at: Generated<string>;
  };
  offloaded_files: {
    offload_id: string;
    record_id: string;
    tenant_id: string;
    month: string;
    file_id: string;
    purged_at: Generated<string>;
    deletion: "begun" | "done" | null;
  };
  retention_changes: {
    at: Generated<string>;
    tenant_id: string;
    data_type: string;
    action: "set" | "hold" | "release";
    days: number | null;
    reason: string | null;
    changed_by: string;
    changed_at: Generated<string>;
  };
  retention_deletions: {
    id: Generated<string>;
    state: Generated<"deleting" | "deleted" | "retracted">;
    run_id: string | null;
    operator: string;
    data_type: string;
    tenant_id: string;
    month: string;
    index_name: string;
    index_uuid: string;
    documents: ColumnType<string, number, number>;
    bytes: ColumnType<string, number, number>;
    newest: string | null;
    only_copy: boolean | null;
    reason: string;
    snapshot: string | null;
    decided_at: Generated<string>;
    ended_at: string | null;
  };
  retention_sweeps: {
    run_id: string;
    as_of: string;
  };
  archive: {
    only_row: Generated<boolean>;
    id: Generated<string>;
    system_identifier: string | null;
    database_oid: string | null;
    table_oid: string | null;
    database_name: string | null;
    timeline: number | null;
    source_time_zone: string | null;
    source_schema: string | null;
    index_prefix: string | null;
    index_layout: string | null;
    claimed_at: string | null;
    adopted_at: string | null;
    set_back_at: string | null;
    set_back_xid: string | null;
  };
  archive_tokens: {
    id: Generated<string>;
    token: string;
    made_at: Generated<string>;
  };
  takeovers: {
    id: Generated<string>;
    state: Generated<"begun" | "done">;
    operator: string;
    archive_before: string;
    archive_after: string;
    reasons: ColumnType<string[], readonly string[]>;
    indices: ColumnType<string[], readonly string[]>;
    begun_at: Generated<string>;
    done_at: ColumnType<string | null, undefined, string>;
  };
  listed_scopes: {
    data_type: string;
    tenant_id: string;
    range_from: string;
    range_to: string;
    run_id: string;
    is_done: Generated<boolean>;
    gaps: string | null;
    triggers: string | null;
    since: string | null;
    older: string | null;
    scanned_at: Generated<string>;
  };
  applied_rows: {
    data_type: string;
    record_id: string;
    tenant_id: string;
    xid: Generated<string>;
  };
  key_tables: {
    name: string;
    run_id: string;
    data_type: string;
    created_at: Generated<string>;
  };
}

export type StateDatabase = Kysely<StateTables>;

export const stateSchema = "log_archive";

/** Typed queries on our own schema, over the connections of `pool`. */
export function stateDatabase(pool: Pool): StateDatabase {
  const db = new Kysely<StateTables>({ dialect: new PostgresDialect({ pool: typedPool(pool) }) }).withSchema(
    stateSchema,
  );
  const begin = db.transaction.bind(db);
  // one with an isolation level of its own has its own way with conflicts
  db.transaction = () => {
    const transaction = begin();
    const execute = transaction.execute.bind(transaction);
    transaction.execute = (work) => retryOnConflict(() => execute(work));
    return transaction;
  };
  return db;
}
