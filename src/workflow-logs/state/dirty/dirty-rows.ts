import { type RawBuilder, sql } from "kysely";
import type { StateDatabase } from "../database.ts";

/** One write of the platform, as the registry of dirty rows has it. */
export interface DirtyEntry {
  /** A bigint, as text. */
  readonly version: string;
  readonly id: string;
  readonly operation: "I" | "U" | "D" | "T";
  readonly tenantId: string;
  /** Where the row was before; null where it was nowhere, or where no index can be named after that place. */
  readonly oldTenantId: string | null;
  readonly oldMonth: string | null;
  /** The source's own time, with six digits. */
  readonly oldCreatedAt: string | null;
}

export interface DirtyScope {
  readonly dataTypes: readonly string[];
  /** Empty means every tenant. */
  readonly tenantIds: readonly string[];
}

export interface DirtyPage {
  readonly dataType: string;
  readonly tenantIds: readonly string[];
  /** Behind this version, up to and with that one. */
  readonly after: string;
  readonly upTo: string;
  readonly limit: number;
  /** The zone that the source's created_at is in. */
  readonly timeZone: string;
}

/**
 * The next entries of a data type in the order of their versions. An entry that is committed late may come before ones
 * read earlier.
 */
export async function readDirty(db: StateDatabase, page: DirtyPage): Promise<DirtyEntry[]> {
  let query = selectEntries(db, page.dataType, page.timeZone)
    .where("version", ">", page.after)
    .where("version", "<=", page.upTo)
    .orderBy("version")
    .limit(page.limit);
  if (page.tenantIds.length > 0) query = query.where(ofTenants(page.tenantIds));
  return query.execute();
}

/** All entries of these records. */
export async function dirtyEntriesOf(
  db: StateDatabase,
  dataType: string,
  ids: readonly string[],
  timeZone: string,
): Promise<DirtyEntry[]> {
  if (ids.length === 0) return [];
  return selectEntries(db, dataType, timeZone)
    .where(sql<boolean>`record_id = any(${ids})`)
    .orderBy("version")
    .execute();
}

/** Which of these records the platform has written since they were copied last. */
export async function dirtyIds(db: StateDatabase, dataType: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom("dirty_rows")
    .select("record_id")
    .distinct()
    .where("data_type", "=", dataType)
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
  return new Set(rows.map((row) => row.record_id));
}

/** Which of these versions still wait: what was settled since was dealt with by somebody else. */
export async function waitingVersions(db: StateDatabase, versions: readonly string[]): Promise<Set<string>> {
  if (versions.length === 0) return new Set();
  const rows = await db
    .selectFrom("dirty_rows")
    .select("version")
    .where(sql<boolean>`version = any(${versions}::bigint[])`)
    .execute();
  return new Set(rows.map(({ version }) => version));
}

/**
 * Removes exactly these versions: a write that came meanwhile has another and stays. One that a compaction is about to
 * remove is left to it, for two that wait for each other's rows would be a deadlock.
 */
export async function settleDirty(db: StateDatabase, versions: readonly string[]): Promise<void> {
  if (versions.length === 0) return;
  await removeVersions(db, sql`select unnest(${versions}::bigint[]) as version`);
}

/**
 * Notes records of ours that Elasticsearch did not take, or that an older page may overwrite: to be written again from
 * their rows.
 */
export async function recordDirty(
  db: StateDatabase,
  dataType: string,
  records: readonly { readonly id: string; readonly tenantId: string }[],
): Promise<void> {
  if (records.length === 0) return;
  const ids = records.map(({ id }) => id);
  const tenants = records.map(({ tenantId }) => tenantId);
  await sql`insert into log_archive.dirty_rows (data_type, record_id, operation, tenant_id)
    select ${dataType}, record_id, 'T', tenant_id from unnest(${ids}::text[], ${tenants}::text[]) r(record_id, tenant_id)`.execute(
    db,
  );
}

/** Whether changed rows of the tenant wait to be written again. */
export async function hasDirtyRows(db: StateDatabase, dataType: string, tenantId: string): Promise<boolean> {
  const found = await db
    .selectFrom("dirty_rows")
    .select("version")
    .where("data_type", "=", dataType)
    .where(ofTenants([tenantId]))
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

export interface Backlog {
  readonly rows: number;
  /** How long the oldest entry has waited; null without one. */
  readonly oldestSeconds: number | null;
  /** "0" without one. */
  readonly lastVersion: string;
}

/** Of all entries in the scope, or of those up to and with a version. */
export async function dirtyBacklog(
  db: StateDatabase,
  { dataTypes, tenantIds }: DirtyScope,
  upTo?: string,
): Promise<Backlog> {
  let query = db
    .selectFrom("dirty_rows")
    .select((row) => [
      row.fn.countAll<string>().as("rows"),
      sql<string>`coalesce(max(version), 0)`.as("last"),
      sql<string | null>`round(extract(epoch from clock_timestamp() - min(written_at))::numeric, 1)`.as("seconds"),
    ])
    .where("data_type", "in", dataTypes);
  if (tenantIds.length > 0) query = query.where(ofTenants(tenantIds));
  if (upTo !== undefined) query = query.where("version", "<=", upTo);
  const { rows, last, seconds } = await query.executeTakeFirstOrThrow();
  // The clock may have been set back meanwhile.
  return {
    rows: Number(rows),
    oldestSeconds: seconds === null ? null : Math.max(0, Number(seconds)),
    lastVersion: last,
  };
}

/** How many entries one statement sorts: about a second and 200 MB of a temporary file. */
const compactedAtOnce = 1_000_000;

/**
 * Removes entries that newer ones of the same record make superfluous; says how many, and how many are left. What stays
 * of a record is its newest entry, for an older one may be being applied by who has read the row before it was written;
 * its newest that says whether the row is there (T does not); and the newest for each place where the row was. The
 * table is read once for each million of its entries; `beforePart` is awaited before each time.
 */
export async function compactDirty(
  db: StateDatabase,
  entriesAtOnce = compactedAtOnce,
  beforePart: () => Promise<void> = async () => {},
): Promise<{ removed: number; left: number }> {
  const { entries } = await db
    .selectFrom("dirty_rows")
    .select((row) => row.fn.countAll<string>().as("entries"))
    .executeTakeFirstOrThrow();
  const parts = Math.ceil(Number(entries) / entriesAtOnce);
  let removed = 0;
  for (let part = 0; part < parts; part++) {
    await beforePart();
    const inPart = parts === 1 ? sql`true` : sql`abs(hashtext(record_id)::bigint) % ${parts} = ${part}`;
    removed += await removeVersions(
      db,
      sql`select version from (
        select version, old_created_at,
            row_number() over (partition by data_type, record_id order by version desc) as newest,
            row_number() over (partition by data_type, record_id order by operation = 'T', version desc) as newest_word,
            row_number() over (partition by data_type, record_id, old_tenant_id, old_created_at order by version desc) as newest_of_place
          from log_archive.dirty_rows where ${inPart}) e
        where newest > 1 and newest_word > 1 and (old_created_at is null or newest_of_place > 1)`,
    );
  }
  return { removed, left: Number(entries) - removed };
}

/** The newest version; "0" where nothing is dirty. */
export async function newestDirtyVersion(db: StateDatabase): Promise<string> {
  const found = await db
    .selectFrom("dirty_rows")
    .select((row) => row.fn.max("version").as("version"))
    .executeTakeFirstOrThrow();
  return found.version ?? "0";
}

async function removeVersions(db: StateDatabase, versions: RawBuilder<unknown>): Promise<number> {
  const result = await sql`delete from log_archive.dirty_rows where version in (
    select d.version from log_archive.dirty_rows d join (${versions}) v on v.version = d.version
     order by d.version for update of d skip locked)`.execute(db);
  return Number(result.numAffectedRows ?? 0n);
}

/** Entries of rows that are, or were, these tenants'. */
function ofTenants(tenantIds: readonly string[]): RawBuilder<boolean> {
  return sql<boolean>`(tenant_id = any(${tenantIds}) or old_tenant_id = any(${tenantIds}))`;
}

function selectEntries(db: StateDatabase, dataType: string, timeZone: string) {
  const utc = sql`(old_created_at at time zone ${timeZone} at time zone 'UTC')`;
  const hasMonth = sql`${utc} >= '0001-01-01' and ${utc} < '10000-01-01'`;
  return db
    .selectFrom("dirty_rows")
    .select([
      "version",
      "record_id as id",
      "operation",
      "tenant_id as tenantId",
      "old_tenant_id as oldTenantId",
      sql<string | null>`case when ${hasMonth} then to_char(${utc}, 'YYYY-MM') end`.as("oldMonth"),
      sql<string | null>`to_char(old_created_at, 'YYYY-MM-DD HH24:MI:SS.US')`.as("oldCreatedAt"),
    ])
    .where("data_type", "=", dataType);
}
