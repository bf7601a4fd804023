import type { Client } from "pg";

/** Making an index takes longer than filling it: of the hostile rows in odd months a few are enough here. */
export async function keepFewMonths(sql: Client, tables: readonly string[]): Promise<void> {
  for (const table of tables)
    await sql.query(
      `DELETE FROM ${table} WHERE created_at < '1900-01-01' OR created_at >= '2027-01-01' OR to_char(created_at, 'YYYY-MM') NOT IN ('2025-09', '2024-12')`,
    );
}
