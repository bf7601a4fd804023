import type { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../engine/errors.ts";

export type ImportStatus = "running" | "paused" | "completed" | "failed" | "aborted";

/** The row of migration_runs. Times are milliseconds since 1970. */
export interface ImportRun {
  readonly run_id: string;
  readonly source_uri: string;
  readonly started_at: number;
  readonly updated_at: number;
  readonly status: ImportStatus;
  readonly scan_cursor: string;
  readonly scan_count_hint: number;
  readonly scanned_keys: number;
  readonly migrated_keys: number;
  readonly skipped_keys: number;
  readonly error_keys: number;
  readonly migrated_bytes: number;
  readonly dirty_keys_seen: number;
  readonly dirty_keys_applied: number;
  readonly dirty_keys_deleted: number;
  readonly last_error: string | null;
}

export type Counter =
  | "scanned_keys"
  | "migrated_keys"
  | "skipped_keys"
  | "error_keys"
  | "migrated_bytes"
  | "dirty_keys_applied"
  | "dirty_keys_deleted";

/** Makes the run's row when it is not there. */
export function ensureRun(file: DatabaseSync, runId: string, sourceUri: string): void {
  const now = Date.now();
  file
    .prepare(
      `INSERT INTO migration_runs (run_id, source_uri, started_at, updated_at, status) VALUES (?, ?, ?, ?, 'running')
       ON CONFLICT DO NOTHING`,
    )
    .run(runId, sourceUri, now, now);
  file.prepare("INSERT INTO migration_run_details (run_id) VALUES (?) ON CONFLICT DO NOTHING").run(runId);
}

export function findRun(file: DatabaseSync, runId: string): ImportRun | undefined {
  return file.prepare("SELECT * FROM migration_runs WHERE run_id = ?").get(runId) as unknown as ImportRun | undefined;
}

/** @throws UsageError unknown_run */
export function knownRun(file: DatabaseSync, runId: string): ImportRun {
  const run = findRun(file, runId);
  if (run !== undefined) return run;
  throw new UsageError("unknown_run", `Run not found: ${runId}`, {
    hint: "The runs of a file are those that its bulk import or tracker was started with, by --run-id.",
  });
}

export function setStatus(file: DatabaseSync, runId: string, status: ImportStatus, error?: string): void {
  file
    .prepare(
      "UPDATE migration_runs SET status = ?, updated_at = ?, last_error = coalesce(?, last_error) WHERE run_id = ?",
    )
    .run(status, Date.now(), error ?? null, runId);
}

/** Adds to the counters; with `cursor` the scan goes on there. In the open transaction, or alone. */
export function addCounts(
  file: DatabaseSync,
  runId: string,
  counts: Partial<Record<Counter, number>>,
  cursor?: string,
): void {
  const entries = Object.entries(counts).filter(([, by]) => by !== 0);
  const sets = ["updated_at = ?", ...entries.map(([name]) => `${name} = ${name} + ?`)];
  const values: (number | string)[] = [Date.now(), ...entries.map(([, by]) => by)];
  if (cursor !== undefined) {
    sets.push("scan_cursor = ?");
    values.push(cursor);
  }
  file.prepare(`UPDATE migration_runs SET ${sets.join(", ")} WHERE run_id = ?`).run(...values, runId);
}

export interface RunDetails {
  readonly limits: string;
  readonly requested_at: string | null;
  readonly requested_by: string | null;
  readonly report: string | null;
  readonly waiting: string | null;
  readonly scan_server: string | null;
  readonly bulk_started_at: number | null;
  readonly bulk_done: number;
  readonly verify_report: string | null;
}

export function detailsOf(file: DatabaseSync, runId: string): RunDetails | undefined {
  return file.prepare("SELECT * FROM migration_run_details WHERE run_id = ?").get(runId) as unknown as
    | RunDetails
    | undefined;
}

export function setDetails(
  file: DatabaseSync,
  runId: string,
  details: Partial<Record<keyof RunDetails, string | number | null>>,
): void {
  const names = Object.keys(details);
  file
    .prepare(`UPDATE migration_run_details SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE run_id = ?`)
    .run(...Object.values(details), runId);
}
