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
  readonly isRollback: boolean;
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
    isRollback: row.is_rollback,
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
    await lockRollout(transaction, tenantId);
    const before = await readRollout(transaction, tenantId);
    await recordChange(transaction, { tenantId, before, after: modes, forcedAgainst, isRollback: false });
    return before;
  });
}

export interface RolledBack {
  readonly before: RolloutModes;
  readonly after: RolloutModes;
  /** Where another rollback would land; undefined when there is nothing further back. */
  readonly next: RolloutModes | undefined;
}

/**
 * Takes back the newest change that was not taken back yet, and those before it that would bring nothing or lead
 * towards Elasticsearch. Undefined when nothing was ever changed for the tenant; with nothing left to take back, the
 * tenant stays as it is.
 */
export async function rollBackOnce(db: StateDatabase, tenantId: string): Promise<RolledBack | undefined> {
  return db.transaction().execute(async (transaction) => {
    await lockRollout(transaction, tenantId);
    const before = await readRollout(transaction, tenantId);
    const changes = await transaction
      .selectFrom("rollout_changes")
      .select(["id", "write_before", "read_before", "is_rollback", "taken_back_by"])
      .where("tenant_id", "=", tenantId)
      .orderBy("id", "desc")
      .execute();
    if (changes.length === 0) return undefined;
    const standing = changes
      .filter((change) => !change.is_rollback && change.taken_back_by === null)
      .map(({ id, write_before, read_before }) => ({ id, before: { write: write_before, read: read_before } }));
    const { after, used } = stepBack(before, standing);
    if (used === 0) return { before, after: before, next: undefined };
    const id = await recordChange(transaction, { tenantId, before, after, forcedAgainst: [], isRollback: true });
    await transaction
      .updateTable("rollout_changes")
      .set({ taken_back_by: id })
      .where(
        "id",
        "in",
        standing.slice(0, used).map((change) => change.id),
      )
      .execute();
    const further = stepBack(after, standing.slice(used));
    return { before, after, next: further.used === 0 ? undefined : further.after };
  });
}

const writeModes: readonly WriteMode[] = ["postgres", "both", "elasticsearch"];
const readModes: readonly ReadMode[] = ["postgres", "shadow", "elasticsearch"];

/**
 * Where the newest of `changes` (newest first) that leads away from Elasticsearch leads to, and how many changes are
 * taken back by that; none when none does. Of writing and reading, neither ever comes nearer to Elasticsearch than it
 * is now.
 */
export function stepBack(
  now: RolloutModes,
  changes: readonly Pick<RolloutChange, "before">[],
): { readonly after: RolloutModes; readonly used: number } {
  for (const [at, { before }] of changes.entries()) {
    const after = {
      write: nearer(writeModes, now.write, before.write),
      read: nearer(readModes, now.read, before.read),
    };
    if (after.write !== now.write || after.read !== now.read) return { after, used: at + 1 };
  }
  return { after: now, used: 0 };
}

/** The one that is nearer to PostgreSQL. */
function nearer<Mode>(order: readonly Mode[], one: Mode, other: Mode): Mode {
  return order[Math.min(order.indexOf(one), order.indexOf(other))]!;
}

async function lockRollout(transaction: StateDatabase, tenantId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('log_archive:rollout:' || ${tenantId}, 0))`.execute(
    transaction,
  );
}

interface NewChange extends Pick<RolloutChange, "tenantId" | "before" | "after" | "forcedAgainst"> {
  readonly isRollback: boolean;
}

/** Returns the id of the change. */
async function recordChange(
  transaction: StateDatabase,
  { tenantId, before, after, forcedAgainst, isRollback }: NewChange,
): Promise<string> {
  const columns = { write_mode: after.write, read_mode: after.read };
  await transaction
    .insertInto("rollouts")
    .values({ tenant_id: tenantId, ...columns })
    .onConflict((conflict) =>
      conflict.column("tenant_id").doUpdateSet({ ...columns, changed_at: sql<string>`clock_timestamp()` }),
    )
    .execute();
  const { id } = await transaction
    .insertInto("rollout_changes")
    .values({
      tenant_id: tenantId,
      write_before: before.write,
      read_before: before.read,
      ...columns,
      forced_against: forcedAgainst,
      is_rollback: isRollback,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}
