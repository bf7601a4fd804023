import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";

/** One change of a rule as it was made. `dataType` is "all" for the rule of the whole tenant. */
export interface RetentionChange {
  readonly tenantId: string;
  readonly dataType: string;
  readonly action: "set" | "hold" | "release";
  /** Of `set`: undefined goes back to the days of the sweep. */
  readonly days?: number | undefined;
  readonly reason?: string | undefined;
  readonly changedBy: string;
}

export interface RecordedChange extends RetentionChange {
  readonly changedAt: string;
}

/** What holds now for a tenant and a data type, or for all its data types. */
export interface RetentionRule {
  readonly tenantId: string;
  readonly dataType: string;
  readonly days: number | undefined;
  readonly held: boolean;
  /** Why it is held, and by whom and since when. */
  readonly hold?: { readonly reason: string | undefined; readonly by: string; readonly since: string } | undefined;
}

/** Afterwards no deletion is decided by the rule as it was before; waits for one that is being decided. */
export async function changeRetention(db: StateDatabase, changes: readonly RetentionChange[]): Promise<void> {
  await db
    .insertInto("retention_changes")
    .values(
      changes.map(({ tenantId, dataType, action, days, reason, changedBy }) => ({
        tenant_id: tenantId,
        data_type: dataType,
        action,
        days: days ?? null,
        reason: reason ?? null,
        changed_by: changedBy,
      })),
    )
    .execute();
}

/** Rules that say something now, of some tenants or of all. */
export async function listRules(db: StateDatabase, tenantIds: readonly string[] = []): Promise<RetentionRule[]> {
  const rules = new Map<string, RetentionRule>();
  for (const change of (await listChanges(db, tenantIds)).toReversed()) {
    const { tenantId, dataType, action, days, reason, changedBy, changedAt } = change;
    const key = `${tenantId}/${dataType}`;
    const known = rules.get(key) ?? { tenantId, dataType, days: undefined, held: false };
    if (action === "set") rules.set(key, { ...known, days });
    else if (action === "hold")
      rules.set(key, { ...known, held: true, hold: { reason, by: changedBy, since: changedAt } });
    else rules.set(key, { ...known, held: false, hold: undefined });
  }
  return [...rules.values()].filter(({ days, held }) => held || days !== undefined).toSorted(byTenantAndType);
}

/** The newest first. */
export async function listChanges(db: StateDatabase, tenantIds: readonly string[] = []): Promise<RecordedChange[]> {
  let query = db.selectFrom("retention_changes").selectAll().orderBy("at", "desc");
  if (tenantIds.length > 0) query = query.where("tenant_id", "in", tenantIds);
  return (await query.execute()).map((row) => ({
    tenantId: row.tenant_id,
    dataType: row.data_type,
    action: row.action,
    days: row.days ?? undefined,
    reason: row.reason ?? undefined,
    changedBy: row.changed_by,
    changedAt: row.changed_at,
  }));
}

/** Until the end of the transaction no rule changes; whoever wants to change one waits. */
export async function lockRules(transaction: StateDatabase): Promise<void> {
  await sql`lock table log_archive.retention_changes in share mode`.execute(transaction);
}

function byTenantAndType(a: RetentionRule, b: RetentionRule): number {
  return a.tenantId.localeCompare(b.tenantId) || a.dataType.localeCompare(b.dataType);
}
