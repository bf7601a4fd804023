import type { Client } from "pg";

/** Deletes rows as cleanup-pg does, with its journal; `rows` is a condition for `t`, a row of the table. */
export async function purgeRows(sql: Client, dataType: string, table: string, rows: string): Promise<void> {
  await sql.query(
    `WITH gone AS (DELETE FROM ${table} t WHERE ${rows} RETURNING id, tenant_id, created_at)
     INSERT INTO log_archive.purged_rows (data_type, record_id, tenant_id, month)
     SELECT '${dataType}', id, tenant_id, to_char(created_at, 'YYYY-MM') FROM gone`,
  );
}

/** Puts all rows of a copy of the table back. */
export async function bringBackRows(sql: Client, table: string, copy: string): Promise<void> {
  await sql.query(`INSERT INTO ${table} SELECT c.* FROM ${copy} c ON CONFLICT (id) DO NOTHING`);
  await sql.query(`DELETE FROM log_archive.purged_rows; DROP TABLE ${copy}`);
}
