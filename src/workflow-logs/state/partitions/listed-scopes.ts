import { sql } from "kysely";
import type { Scope } from "../../partitions/scope.ts";
import type { StateDatabase } from "../database.ts";
import type { PartitionId } from "./partition-id.ts";

/** Where rows younger than `since` (the source's time) are to be listed again, and what the older ones look like. */
export interface ListedSince {
  readonly since: string | null;
  /** Null where no index tells it. */
  readonly older: string | null;
}

/** What is known of a data type in a scope since it was listed whole. */
export interface ListedScope extends ListedSince {
  /** Null where capture was not installed then. */
  readonly gaps: string | null;
  readonly triggers: string | null;
  readonly scannedAt: string;
}

export type NewListedScope = Omit<ListedScope, "scannedAt">;

/**
 * The oldest that is known of each data type, for the whole of the scope: of all tenants together, or of each one that
 * is named. Data types of which some part was never listed to its end are not in it.
 */
export async function readListedScopes(db: StateDatabase, scope: Scope): Promise<Map<string, ListedScope>> {
  const { rows } = await sql<ListedScope & { dataType: string; tenantId: string }>`
    select data_type as "dataType", tenant_id as "tenantId", gaps, triggers, older, scanned_at as "scannedAt",
           to_char(since, 'YYYY-MM-DD HH24:MI:SS.US') as since
      from log_archive.listed_scopes
     where is_done and data_type = any(${scope.dataTypes}) and tenant_id = any(${["", ...scope.tenantIds]})
       and range_from <= ${fromOf(scope)}::timestamp and range_to >= ${toOf(scope)}::timestamp
     order by scanned_at desc`.execute(db);
  const known = new Map<string, ListedScope>();
  for (const dataType of scope.dataTypes) {
    const own = rows.filter((row) => row.dataType === dataType);
    const ofAll = own.find(({ tenantId }) => tenantId === "");
    const ofEach = scope.tenantIds.map((id) => own.find(({ tenantId }) => tenantId === id) ?? ofAll);
    const found = scope.tenantIds.length === 0 ? [ofAll] : ofEach;
    const oldest = found.every((one) => one !== undefined) ? oldestOf(found) : undefined;
    if (oldest !== undefined) known.set(dataType, oldest);
  }
  return known;
}

/** Undefined where they do not agree: each alone would do, but not one for all. */
function oldestOf([first, ...others]: readonly ListedScope[]): ListedScope | undefined {
  const agree = others.every((one) => one.gaps === first!.gaps && one.triggers === first!.triggers);
  const sameSince = others.every((one) => one.since === first!.since && one.older === first!.older);
  if (!agree || (first!.gaps === null && !sameSince)) return undefined;
  return first;
}

/** Call before the rows are listed; counts only when `finishListed` was called at the end of the run. */
export async function beginListed(
  db: StateDatabase,
  dataType: string,
  scope: Scope,
  runId: string,
  { gaps, triggers, since, older }: NewListedScope,
): Promise<void> {
  const tenantIds = scope.tenantIds.length === 0 ? [""] : scope.tenantIds;
  await sql`insert into log_archive.listed_scopes (data_type, tenant_id, range_from, range_to, run_id, gaps, triggers, since, older)
    select ${dataType}, tenant, ${fromOf(scope)}::timestamp, ${toOf(scope)}::timestamp, ${runId}::uuid, ${gaps}::bigint, ${triggers}, ${since}::timestamp, ${older}
      from unnest(${tenantIds}::text[]) tenant
    on conflict (data_type, tenant_id, range_from, range_to) do update set run_id = excluded.run_id, is_done = false, gaps = excluded.gaps,
      triggers = excluded.triggers, since = excluded.since, older = excluded.older, scanned_at = excluded.scanned_at`.execute(
    db,
  );
}

/** The run has copied all that it listed. */
export async function finishListed(db: StateDatabase, runId: string): Promise<void> {
  await db.updateTable("listed_scopes").set({ is_done: true }).where("run_id", "=", runId).execute();
}

/** A run that listed what came behind `before.since` has copied it: the next begins at another place. */
export async function moveListed(
  db: StateDatabase,
  dataType: string,
  scope: Scope,
  before: ListedSince,
  { since, older }: ListedSince,
): Promise<void> {
  await sql`update log_archive.listed_scopes set since = ${since}::timestamp, older = ${older}
     where is_done and data_type = ${dataType} and tenant_id = any(${scope.tenantIds.length === 0 ? [""] : scope.tenantIds})
       and range_from = ${fromOf(scope)}::timestamp and range_to = ${toOf(scope)}::timestamp
       and since = ${before.since}::timestamp and older is not distinct from ${before.older}`.execute(db);
}

/**
 * Checkpoints of the partition were forgotten or held back, so rows of it may be behind none. What the run `except`
 * lists stays: it lists them again.
 */
export async function voidListed(
  db: StateDatabase,
  { dataType, tenantId }: Pick<PartitionId, "dataType" | "tenantId">,
  except?: string,
): Promise<void> {
  let query = db.deleteFrom("listed_scopes").where("data_type", "=", dataType).where("tenant_id", "in", ["", tenantId]);
  if (except !== undefined) query = query.where("run_id", "<>", except);
  await query.execute();
}

function fromOf({ start }: Scope): string {
  return start ?? "-infinity";
}

function toOf({ end }: Scope): string {
  return end ?? "infinity";
}
