import { readdir, readFile } from "node:fs/promises";
import { sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { AppError } from "../../engine/errors.ts";
import { handOverStatement } from "./schema-access.ts";
import { stateSchema, type StateDatabase } from "./database.ts";

const folder = new URL("../../../migrations/postgres/", import.meta.url);
const migrationTable = "schema_versions";

/**
 * Brings the `log_archive` schema to what this program knows and returns the names of the migrations applied, none when
 * it was there already. Safe when many do it at once (advisory lock). Throws AppError when the schema is newer than the
 * program.
 */
export async function upgradeState(db: StateDatabase): Promise<string[]> {
  if ((await pendingMigrations(db)).length === 0) return [];
  const { error, results = [] } = await migrator(db).migrateToLatest();
  if (error !== undefined) throw error;
  await sql.raw(handOverStatement).execute(db);
  return results.filter((result) => result.status === "Success").map((result) => result.migrationName);
}

/** The same, and what this role made before belongs to the owner of the schema. */
export async function upgradeAndHandOver(db: StateDatabase): Promise<string[]> {
  const applied = await upgradeState(db);
  await sql.raw(handOverStatement).execute(db);
  return applied;
}

/** The migrations that the database still lacks. Writes nothing, also where there is no schema yet. */
export async function pendingMigrations(db: StateDatabase): Promise<string[]> {
  const applied = await appliedMigrations(db);
  const known = Object.keys(await migrations());
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new AppError(
      "state_newer",
      `The log_archive schema was made by a newer program: it has ${unknown.join(", ")}.`,
      {
        hint: "Use the newer program. Nothing was changed.",
      },
    );
  }
  return known.filter((name) => !applied.includes(name));
}

/** The migrations that the database has, in order; empty where there is no schema yet. */
export async function appliedMigrations(db: StateDatabase): Promise<string[]> {
  const exists = await sql<{
    found: string | null;
  }>`select to_regclass(${`${stateSchema}.${migrationTable}`})::text as found`.execute(db);
  if (exists.rows[0]?.found == null) return [];
  const rows = await sql<{
    name: string;
  }>`select name from ${sql.table(`${stateSchema}.${migrationTable}`)} order by name`.execute(db);
  return rows.rows.map((row) => row.name);
}

function migrator(db: StateDatabase): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: migrations },
    migrationTableSchema: stateSchema,
    migrationTableName: migrationTable,
    migrationLockTableName: "schema_lock",
  });
}

async function migrations(): Promise<Record<string, Migration>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted();
  const entries = names.map(async (name): Promise<[string, Migration]> => {
    const text = await readFile(new URL(name, folder), "utf8");
    return [name.slice(0, -".sql".length), { up: async (db) => void (await sql.raw(text).execute(db)) }];
  });
  return Object.fromEntries(await Promise.all(entries));
}
