import type { Pool } from "pg";
import { AppError } from "../../engine/errors.ts";
import type { CapturedTable } from "./capture-function.ts";
import { hasColumn, inspectTable } from "../../stores/postgres/table.ts";
import { dataTypes, logTypes, offloadTable } from "../partitions/log-types.ts";
import { inspectSources } from "../partitions/source-schema.ts";

/**
 * The log tables that there are, and with them the rows that travel inside node executions where this version of the
 * platform has some.
 */
export async function capturedTables(pool: Pool): Promise<CapturedTable[]> {
  const captured: CapturedTable[] = [];
  for (const { table: name, dataType } of Object.values(logTypes)) {
    const table = await inspectTable(pool, name);
    if (table !== undefined) captured.push({ table, dataType, partOf: undefined });
  }
  const offloads = await inspectTable(pool, offloadTable);
  if (offloads !== undefined && hasColumn(offloads, "node_execution_id"))
    captured.push({ table: offloads, dataType: "node_executions", partOf: "node_execution_id" });
  return captured;
}

/** Throws AppError where a log table is missing or is none, and where triggers would not see every write into one. */
export async function requireCapturable(pool: Pool, captured: readonly CapturedTable[]): Promise<void> {
  await inspectSources(pool, { dataTypes, tenantIds: [] });
  const odd = await pool.query<{ table: string; kind: string }>(
    `select relname as "table", kind from pg_class c,
       lateral (select case when relkind = 'p' or relispartition then 'partitioned' when relkind <> 'r' then 'no table'
                            when exists (select from pg_inherits where c.oid in (inhrelid, inhparent)) then 'inherited' end) k(kind)
      where c.oid = any($1::text[]::regclass[]) and kind is not null`,
    [namesOf(captured)],
  );
  if (odd.rows.length === 0) return;
  const list = odd.rows.map(({ table, kind }) => `${table} (${kind})`).join(", ");
  throw new AppError("capture_table", `Capture needs ordinary tables; these are not: ${list}. Nothing was changed.`, {
    hint: "Triggers would not see every write into them. Use migrate without capture.",
  });
}

/** Throws AppError when the role may not make and drop triggers on the tables. */
export async function requireOwner(pool: Pool, captured: readonly CapturedTable[]): Promise<void> {
  const foreign = await pool.query<{ table: string; owner: string; role: string }>(
    `select relname as "table", pg_get_userbyid(relowner) as owner, current_user as role
       from pg_class where oid = any($1::text[]::regclass[]) and not pg_has_role(relowner, 'USAGE')`,
    [namesOf(captured)],
  );
  if (foreign.rows.length === 0) return;
  const list = foreign.rows.map(({ table, owner }) => `${table} (owner ${owner})`).join(", ");
  throw new AppError(
    "capture_denied",
    `${foreign.rows[0]!.role} does not own these tables, so it may not make or drop triggers on them: ${list}. Nothing was changed.`,
    { hint: "Run this command with a DATABASE_URL whose role owns them; the other commands need no such role." },
  );
}

function namesOf(captured: readonly CapturedTable[]): string[] {
  return captured.map(({ table }) => table.sqlName);
}
