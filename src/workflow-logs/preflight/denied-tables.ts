import type { Pool } from "pg";

/** Those of the tables, with our role, on which it lacks the privilege. Needs no privilege itself. */
export async function deniedTables(
  postgres: Pool,
  sqlNames: readonly string[],
  privilege: string,
): Promise<{ readonly name: string; readonly role: string }[]> {
  const { rows } = await postgres.query<{ name: string; role: string }>(
    "select name, current_user as role from unnest($1::text[]) name where not has_table_privilege(name, $2)",
    [sqlNames, privilege],
  );
  return rows;
}
