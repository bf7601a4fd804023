import type { Pool } from "pg";
import { cancellable } from "../../../stores/postgres/connection/cancellable.ts";
import { stateSchema } from "../../state/database.ts";
import { quoteIdentifier } from "../../../stores/postgres/table.ts";
import type { Run } from "../../../runs/run.ts";

/** SQL that says whether something refers to the id that the expression names. */
export type Reference = (id: string) => string;

/**
 * Keeps the ids that `query` selects as `id` in an indexed table of the run, dropped with its key tables: one scan of a
 * table that has no index for them, instead of one for each row.
 */
export async function buildIdTable(
  pool: Pool,
  run: Pick<Run, "id" | "signal" | "pacing">,
  purpose: string,
  query: string,
): Promise<{ sqlName: string; contains: Reference }> {
  const name = `keys_${run.id.replaceAll("-", "")}_${purpose}`;
  const sqlName = `${stateSchema}.${quoteIdentifier(name)}`;
  await cancellable(pool, run.signal, async (client) => {
    await client.query(`insert into ${stateSchema}.key_tables (name, run_id, data_type) values ($1, $2, $3)`, [
      name,
      run.id,
      purpose,
    ]);
    for (const statement of [
      `create table ${sqlName} as ${query}`,
      `create index on ${sqlName} (id)`,
      `analyze ${sqlName}`,
    ]) {
      await run.pacing.unpaused(run.signal);
      await client.query(statement);
    }
  });
  return { sqlName, contains: (id) => `exists (select from ${sqlName} k where k.id = ${id})` };
}
