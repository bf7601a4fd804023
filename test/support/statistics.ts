import type { Client } from "pg";

/**
 * PostgreSQL's statistics are whole then: sessions that ended have reported theirs, and so has ours, by being asked to.
 */
export async function untilReported(sql: Client): Promise<void> {
  await sql.query("SELECT pg_stat_force_next_flush()");
  for (let others = 1; others > 0;) {
    const { rows } = await sql.query<{ others: number }>(
      "SELECT count(*)::int AS others FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    others = rows[0]!.others;
  }
  await sql.query("SELECT pg_stat_clear_snapshot()");
}
