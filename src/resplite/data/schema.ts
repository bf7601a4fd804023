import { readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

/** What a file has beyond the tables of version 1.0.4. Versions 1.5 add them; we keep them right where they are. */
export interface FileFeatures {
  /**
   * Columns set_count, hash_count and zset_count of redis_keys: set to NULL, "to be counted", when a container changes.
   */
  readonly countColumns: boolean;
  /** Table redis_hash_field_ttl: fields that expire by themselves. */
  readonly fieldTtl: boolean;
}

/** Afterwards the file has all data tables. Takes the write lock only when some are missing. */
export function ensureDataTables(file: DatabaseSync): FileFeatures {
  ensure(file, "0001_data.sql", ["redis_keys", "redis_zsets", "search_indices"]);
  const columns = file.prepare("SELECT name FROM pragma_table_info('redis_keys')").all() as { name: string }[];
  return {
    countColumns: ["set_count", "hash_count", "zset_count"].every((name) =>
      columns.some((column) => column.name === name),
    ),
    fieldTtl: hasTable(file, "redis_hash_field_ttl"),
  };
}

/** Afterwards the file has the tables of migrations: migration_runs, migration_dirty_keys, migration_errors. */
export function ensureMigrationTables(file: DatabaseSync): void {
  ensure(file, "0002_migration.sql", ["migration_runs", "migration_dirty_keys", "migration_errors"]);
}

function ensure(file: DatabaseSync, script: string, tables: readonly string[]): void {
  if (tables.every((table) => hasTable(file, table))) return;
  const sql = readFileSync(new URL(`../../../migrations/resplite/${script}`, import.meta.url), "utf8");
  file.exec("BEGIN IMMEDIATE");
  try {
    file.exec(sql);
    file.exec("COMMIT");
  } catch (error) {
    file.exec("ROLLBACK");
    throw error;
  }
}

function hasTable(file: DatabaseSync, name: string): boolean {
  return file.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;
}
