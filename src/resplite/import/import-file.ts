import type { DatabaseSync } from "node:sqlite";
import { readFileSync } from "node:fs";
import type { PragmaTemplate } from "../../stores/sqlite/pragmas.ts";
import { type Data, openData } from "../data/data.ts";
import { ensureMigrationTables } from "../data/schema.ts";

// The importer: takes a live Redis over into a data file. It reads Redis (fetch-values.ts), writes through the data
// layer, and keeps its memory in the tables migration_* of the same file, so that a value and the knowledge of it are
// one transaction. It never writes to the source.

/**
 * Pages of the write-ahead log (64 MB) before a commit writes them to the file, which waits for the disk twice. With
 * the 1,000 of the templates an import spent a third of its time there.
 */
const checkpointPages = 16_000;

/**
 * Opens the destination for a migration, makes it when it is not there. Importer, tracker and status share it, so the
 * template's exclusive lock is left out. @throws AppError sqlite_unusable
 */
export function openImportFile(path: string, template: PragmaTemplate = "default"): Data {
  const data = openData(path, { template, shared: true, cache: { entries: 1000, bytes: 8 * 1024 * 1024 } });
  try {
    data.file.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    ensureMigrationTables(data.file);
    ensureOwnTables(data.file);
    return data;
  } catch (error) {
    data.close();
    throw error;
  }
}

/** The beginning of the paths of the lock files of a destination (FileLocks). */
export function lockPrefix(path: string): string {
  return `${path}-lock`;
}

function ensureOwnTables(file: DatabaseSync): void {
  const there = file
    .prepare(
      "SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table' AND name IN ('migration_run_details', 'migration_tracker_sessions', 'migration_sweeps')",
    )
    .get();
  if (there!["tables"] === 3) return;
  file.exec(readFileSync(new URL("../../../migrations/resplite/0003_migration_own.sql", import.meta.url), "utf8"));
}
