import type { Client } from "pg";
import { untilReported } from "./statistics.ts";

/**
 * What of these tables' own blocks `work` made PostgreSQL read, from disk or memory, each time counted, beside their
 * size.
 */
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

async function blocks(sql: Client, tables: readonly string[]): Promise<{ touched: number; size: number }> {
  await untilReported(sql);
  const { rows } = await sql.query<{ touched: number; size: number }>(
    `SELECT sum(heap_blks_read + heap_blks_hit)::int AS touched, sum(pg_relation_size(relid) / 8192)::int AS size
       FROM pg_statio_user_tables WHERE schemaname = 'public' AND relname = ANY($1)`,
    [tables],
  );
  return rows[0]!;
}
