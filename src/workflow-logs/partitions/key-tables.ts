import type { Pool } from "pg";
import { quoteIdentifier } from "../../stores/postgres/table.ts";
import { type StateDatabase, stateSchema } from "../state/database.ts";
import { type RunLocks, runLockName } from "../../runs/run-locks.ts";
import { withSettings } from "../../stores/postgres/connection/with-settings.ts";
import { cancellable } from "../../stores/postgres/connection/cancellable.ts";
import type { Run } from "../../runs/run.ts";
import type { DataType } from "./log-types.ts";
import type { Listing } from "../rows/row-query.ts";

/**
 * Copies what `keyTableQuery` selects into an indexed table of the run, in one look at the log table, for Dify has no
 * index for the order in which rows are copied. `settings` are in force for the query alone.
 */
export async function buildKeyTable(
  pool: Pool,
  run: Pick<Run, "id" | "signal" | "pacing">,
  dataType: DataType,
  keyTableQuery: string,
  settings?: string,
): Promise<Listing> {
  const name = `keys_${run.id.replaceAll("-", "")}_${dataType}`;
  const sqlName = `${stateSchema}.${quoteIdentifier(name)}`;
  await cancellable(pool, run.signal, async (client) => {
    await client.query(`insert into ${stateSchema}.key_tables (name, run_id, data_type) values ($1, $2, $3)`, [
      name,
      run.id,
      dataType,
    ]);
    await run.pacing.unpaused(run.signal);
    await withSettings(client, settings, () => client.query(`create table ${sqlName} as ${keyTableQuery}`));
    for (const statement of [`create index on ${sqlName} (tenant_id, created_at, id)`, `analyze ${sqlName}`]) {
      await run.pacing.unpaused(run.signal);
      await client.query(statement);
    }
  });
  return { sqlName, isKeyTable: true };
}

/** Drops the key tables of the run, and those of runs whose process is gone. */
export async function dropKeyTables(state: StateDatabase, locks: RunLocks, ownRunId: string): Promise<void> {
  const tables = await state.selectFrom("key_tables").select(["name", "run_id"]).execute();
  for (const table of tables) {
    const isOwn = table.run_id === ownRunId;
    if (!isOwn && !(await locks.tryLock(runLockName(table.run_id)))) continue;
    await state.schema.dropTable(table.name).ifExists().execute();
    await state.deleteFrom("key_tables").where("name", "=", table.name).execute();
    if (!isOwn) await locks.unlock(runLockName(table.run_id));
  }
}
