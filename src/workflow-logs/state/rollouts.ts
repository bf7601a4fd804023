import { sql } from "kysely";
import type { ReadMode, StateDatabase, WriteMode } from "./database.ts";

/** Where the logs of a tenant are written and read. */
export interface RolloutModes {
  readonly write: WriteMode;
  readonly read: ReadMode;
}

export interface Rollout extends RolloutModes {
  readonly tenantId: string;
  readonly changedAt: string;
}

export interface RolloutChange {
  readonly tenantId: string;
  readonly before: RolloutModes;
  readonly after: RolloutModes;
  /** What spoke against it, where it was forced. */
  readonly forcedAgainst: readonly string[];
  readonly changedAt: string;
  readonly changedBy: string;
}

/** Of a tenant that nobody has decided about. */
export const defaultModes: RolloutModes = { write: "postgres", read: "postgres" };

/** Tenants somebody has decided about, by their ids. */
export async function listRollouts(db: StateDatabase, tenantIds: readonly string[] = []): Promise<Rollout[]> {
  let query = db.selectFrom("rollouts").selectAll().orderBy("tenant_id");
  if (tenantIds.length > 0) query = query.where("tenant_id", "in", tenantIds);
  return (await query.execute()).map((row) => ({
    tenantId: row.tenant_id,
    write: row.write_mode,
    read: row.read_mode,
    changedAt: row.changed_at,
  }));
}

export async function readRollout(db: StateDatabase, tenantId: string): Promise<RolloutModes> {
  const [found] = await listRollouts(db, [tenantId]);
  return found ?? defaultModes;
}

/** The newest changes first. */
export async function listRolloutChanges(
  db: StateDatabase,
  tenantIds: readonly string[],
  limit: number,
): Promise<RolloutChange[]> {
  let query = db.selectFrom("rollout_changes").selectAll().orderBy("id", "desc").limit(limit);
  if (tenantIds.length > 0) query = query.where("tenant_id", "in", tenantIds);
  return (await query.execute()).map((row) => ({
    tenantId: row.tenant_id,
    before: { write: row.write_before, read: row.read_before },
    after: { write: row.write_mode, read: row.read_mode },
    forcedAgainst: row.forced_against,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
  }));
}

/** The tenant is written and read like this from now on; the change is in the history. Returns what was before. */
export async function saveRollout(
  db: StateDatabase,
  tenantId: string,
  modes: RolloutModes,
  forcedAgainst: readonly string[],
): Promise<RolloutModes> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('log_archive:rollout:' || ${tenantId}, 0))`.execute(
      transaction,
    );
    const before = await readRollout(transaction, tenantId);
    const columns = { write_mode: modes.write, read_mode: modes.read };
    await transaction
      .insertInto("rollouts")
      .values({ tenant_id: tenantId, ...columns })
      .onConflict((conflict) =>
        conflict.column("tenant_id").doUpdateSet({ ...columns, changed_at: sql<string>`clock_timestamp()` }),
      )
      .execute();
    await transaction
      .insertInto("rollout_changes")
      .values({
        tenant_id: tenantId,
        write_before: before.write,
        read_before: before.read,
        ...columns,
        forced_against: [...forcedAgainst],
      })
      .execute();
    return before;
  });
}
