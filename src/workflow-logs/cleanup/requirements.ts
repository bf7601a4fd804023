import type { Pool } from "pg";
import { AppError } from "../../engine/errors.ts";
import { bypassHint } from "../../stores/postgres/hidden-rows.ts";
import { quoteIdentifier } from "../../stores/postgres/table.ts";
import type { KnownActors } from "./key-effects.ts";
import { type ForeignKey, labelOf } from "./tables/foreign-keys.ts";

/**
 * Throws AppError when rows of the tables cannot be deleted, or when it cannot be seen which of them other tables refer
 * to, or whether they went.
 */
export async function requireDeletable(
  pool: Pool,
  names: readonly string[],
  { foreignKeys: keys, deleteTriggers: triggers }: KnownActors,
): Promise<void> {
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
  const instead = triggers.filter(({ isInstead }) => isInstead);
  if (instead.length > 0) {
    const list = instead.map(({ name, table }) => `${name} on ${table}`).join(", ");
    throw new AppError(
      "delete_replaced",
      `Rules do something else where rows are deleted: ${list}. Nothing was deleted.`,
      {
        hint: "Drop these rules, or make triggers of them: cleanup-pg has to know which rows have gone.",
      },
    );
  }
  const hidden = keys.all.filter((key) => key.hidden !== null);
  if (hidden.length > 0) {
    const list = hidden.map(labelOf).join(", ");
    throw new AppError(
      "references_hidden",
      `${hidden[0]!.role} cannot see all that refers to logs by ${list}. Nothing was deleted.`,
      {
        hint: [...new Set(hidden.map(grantFor))].join("\n"),
      },
    );
  }
  if (keys.acting.length === 0) return;
  const { rows } = await pool.query<{ isCounted: boolean }>(
    `select current_setting('track_counts')::boolean as "isCounted"`,
  );
  if (rows[0]!.isCounted) return;
  throw new AppError(
    "delete_cascades",
    `Deleting logs could delete or change rows of ${keys.acting.join(", ")}, and PostgreSQL does not count what a transaction does (track_counts is off).`,
    {
      hint: "Set track_counts to on, its default, or make the foreign keys ON DELETE RESTRICT. Nothing was deleted.",
    },
  );
}

/** What lets the role see all of the table that has the key. */
export function grantFor({ hidden, role, table }: ForeignKey): string {
  if (hidden === "rows") return bypassHint(role);
  const to = quoteIdentifier(role);
  const select = `GRANT SELECT ON ${table} TO ${to};`;
  return hidden === "table" ? select : `GRANT USAGE ON SCHEMA ${schemaOf(table)} TO ${to}; ${select}`;
}

function schemaOf(sqlName: string): string {
  return /^(?:"(?:[^"]|"")*"|[^".]+)/.exec(sqlName)![0];
}
