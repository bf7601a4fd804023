import { readdirSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { AppError, UsageError } from "../../engine/errors.ts";

const folder = new URL("../../../migrations/sqlite/", import.meta.url);
/** In the header of the file: what tells a state file from other databases. "LgAr" as a number. */
const applicationId = 0x4c674172;

/**
 * Brings the tables to what this program knows. Call in a write transaction, so that many may do it at once; then again
 * it does nothing.
 */
export function upgrade(db: DatabaseSync, file: string): void {
  db.exec(`pragma application_id = ${applicationId}`);
  db.exec("create table if not exists schema_versions (name text primary key) strict");
  for (const name of pendingMigrations(db, file)) {
    db.exec(readFileSync(new URL(`${name}.sql`, folder), "utf8"));
    db.prepare("insert into schema_versions (name) values (?)").run(name);
  }
}

/** The migrations that the file still lacks. Throws AppError as openStateFile says. */
export function pendingMigrations(db: DatabaseSync, file: string): string[] {
  const known = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .map((name) => name.slice(0, -".sql".length))
    .toSorted();
  if (db.prepare("select count(*) as tables from sqlite_schema").get()!["tables"] === 0) return known;
  if (db.prepare("pragma application_id").get()!["application_id"] !== applicationId) {
    throw new UsageError("not_a_state_file", `${file} is a database of another program.`, {
      hint: "Name another file with STATE_FILE. Nothing was changed.",
    });
  }
  const applied = db.prepare("select name from schema_versions").all();
  const names = new Set(applied.map(({ name }) => name as string));
  const unknown = [...names].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new AppError(
      "state_newer",
      `The state file ${file} was made by a newer program: it has ${unknown.join(", ")}.`,
      {
        hint: "Use the newer program. Nothing was changed.",
      },
    );
  }
  return known.filter((name) => !names.has(name));
}
