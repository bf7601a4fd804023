import type { Pool } from "pg";
import { AppError } from "../../engine/errors.ts";
import type { Table } from "../../stores/postgres/table.ts";

/**
 * Throws AppError when rows of the tables cannot be deleted, or when their deletion would change rows that nobody
 * compared.
 */
export async function requireDeletable(pool: Pool, tables: readonly Table[]): Promise<void> {
  const names = tables.map((table) => table.sqlName);
  const denied = await pool.query<{ name: string; role: string }>(
    "select name, current_user as role from unnest($1::text[]) name where not has_table_privilege(name, 'delete')",
    [names],
  );
  if (denied.rows.length > 0) {
    const list = denied.rows.map(({ name }) => name).join(", ");
    throw new AppError("delete_denied", `${denied.rows[0]!.role} may not delete from ${list}. Nothing was deleted.`, {
      hint: `GRANT DELETE ON ${list} TO "${denied.rows[0]!.role}";`,
    });
  }
  const cascades = await pool.query<{ name: string; referencing: string }>(
    `select conname as name, conrelid::regclass::text as referencing from pg_constraint
      where contype = 'f' and confdeltype in ('c', 'n', 'd') and confrelid = any($1::text[]::regclass[])`,
    [names],
  );
  if (cascades.rows.length === 0) return;
  const list = cascades.rows.map(({ name, referencing }) => `${name} of ${referencing}`).join(", ");
  throw new AppError("delete_cascades", `Deleting logs would delete or change rows of other tables: ${list}.`, {
    hint: "The platform's own schema has no such foreign keys. Drop these, or make them ON DELETE RESTRICT; nothing was deleted.",
  });
}
