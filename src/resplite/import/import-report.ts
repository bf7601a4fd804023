import type { DatabaseSync } from "node:sqlite";
import type { RunStatus } from "../../runs/run-record.ts";
import { ErrorLog } from "./error-log.ts";
import { type DirtyState, DirtyRegistry } from "./tracker/dirty-keys.ts";
import { type ImportRun, type ImportStatus, knownRun } from "./run-record.ts";

/** How far a run is, for people and scripts. Counts are those of the whole run, rates those of this call. */
export interface ImportReport {
  readonly runId: string;
  readonly status: ImportStatus;
  readonly end?: RunStatus;
  readonly source: string;
  readonly cursor: string;
  readonly scanned: number;
  readonly migrated: number;
  readonly skipped: number;
  readonly errors: number;
  readonly bytes: number;
  readonly dirty: {
    readonly seen: number;
    readonly applied: number;
    readonly deleted: number;
    readonly waiting: number;
  };
  readonly dirtyByState: Readonly<Record<DirtyState, number>>;
  readonly seconds: number;
  readonly keysPerSecond: number;
  readonly bytesPerSecond: number;
  /** The newest first. */
  readonly recentErrors: readonly { at: string; stage: string; key: string | null; message: string }[];
  readonly checkpointAt: string;
}

export function importReport(
  file: DatabaseSync,
  runId: string,
  since: { readonly started: number; readonly before: ImportRun },
): ImportReport {
  const run = knownRun(file, runId);
  const registry = new DirtyRegistry(file, runId);
  const seconds = (performance.now() - since.started) / 1000;
  const keys = run.scanned_keys - since.before.scanned_keys + run.dirty_keys_applied - since.before.dirty_keys_applied;
  return {
    runId,
    status: run.status,
    source: run.source_uri,
    cursor: run.scan_cursor,
    scanned: run.scanned_keys,
    migrated: run.migrated_keys,
    skipped: run.skipped_keys,
    errors: run.error_keys,
    bytes: run.migrated_bytes,
    dirty: {
      seen: registry.seen(),
      applied: run.dirty_keys_applied,
      deleted: run.dirty_keys_deleted,
      waiting: registry.waiting(),
    },
    dirtyByState: registry.counts(),
    seconds,
    keysPerSecond: keys / Math.max(seconds, 0.001),
    bytesPerSecond: (run.migrated_bytes - since.before.migrated_bytes) / Math.max(seconds, 0.001),
    recentErrors: new ErrorLog(file, runId).newest(5).map(({ at, stage, key, message }) => ({
      at: new Date(at).toISOString(),
      stage,
      key: key === null ? null : printableKey(key),
      message,
    })),
    checkpointAt: new Date(run.updated_at).toISOString(),
  };
}

/** A key as text where it is one, else its bytes in hexadecimal. */
export function printableKey(key: Uint8Array): string {
  const text = Buffer.from(key).toString("utf8");
  return Buffer.from(text, "utf8").equals(key) ? text : `0x${Buffer.from(key).toString("hex")}`;
}
