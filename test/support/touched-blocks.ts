import type { Client } from "pg";

/** What of these tables' own blocks `work` made PostgreSQL read, from disk or memory, each time counted, beside their size. */
export async function touchedBlocks(
  sql: Client,
  tables: readonly string[],
  work: () => Promise<unknown>,
): Promise<{ share: number; size: number }> {
  const before = await blocks(sql, tables);
  await work();
  const { touched, size } = await blocks(sql, tables);
  return { share: (touched - before.touched) / size, size };
}

/** Sessions that ended have reported what they read; so has ours, by being asked to. */
async function blocks(sql: Client, tables: readonly string[]): Promise<{ touched: number; size: number }> {
  await sql.query("SELECT pg_stat_force_next_flush()");
  for (let others = 1; others > 0;) {
    const { rows } = await sql.query<{ others: number }>(
      "SELECT count(*)::int AS others FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    others = rows[0]!.others;
  }
  await sql.query("SELECT pg_stat_clear_snapshot()");
  const { rows } = await sql.query<{ touched: number; size: number }>(
    `SELECT sum(heap_blks_read + heap_blks_hit)::int AS touched, sum(pg_relation_size(relid) / 8192)::int AS size
       FROM pg_statio_user_tables WHERE schemaname = 'public' AND relname = ANY($1)`,
    [tables],
  );
  return rows[0]!;
}
