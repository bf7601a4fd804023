import { type Selectable, sql, type Updateable } from "kysely";
import { indexUuidOf } from "../../stores/elasticsearch/indices/place.ts";
import type { StateDatabase, StateTables } from "./database.ts";

export type ArchiveRow = Selectable<StateTables["archive"]>;

/** The archive of this database; undefined while the state schema is not there, or older than this. */
export async function readArchive(db: StateDatabase): Promise<ArchiveRow | undefined> {
  if (!(await hasTable(db, "archive"))) return undefined;
  return db.selectFrom("archive").selectAll().executeTakeFirst();
}

/**
 * What is known of the archive's indices: uuids that were written into, and months that were written into without rows.
 */
export async function knownIndices(
  db: StateDatabase,
): Promise<{ uuids: string[]; written: { data_type: string; tenant_id: string; month: string }[] }> {
  const partitions = (await hasTable(db, "partitions"))
    ? await db.selectFrom("partitions").select("index_uuid").where("state", "<>", "expired").execute()
    : [];
  const written = (await hasTable(db, "direct_writes"))
    ? await db.selectFrom("direct_writes").select(["data_type", "tenant_id", "month"]).execute()
    : [];
  return { uuids: [...new Set(partitions.map((row) => indexUuidOf(row.index_uuid)))], written };
}

/** Which of these uuids the archive has written into. */
export async function knownUuids(db: StateDatabase, uuids: readonly string[]): Promise<Set<string>> {
  if (!(await hasTable(db, "partitions"))) return new Set();
  const rows = await db
    .selectFrom("partitions")
    .select("index_uuid")
    .where((row) => row.or([row("index_uuid", "in", uuids), row(indexOfPart, "in", uuids)]))
    .execute();
  return new Set(rows.flatMap((row) => [row.index_uuid, indexUuidOf(row.index_uuid)]));
}

/** The uuid of its index, of a partition that is a part of a shared one. */
const indexOfPart = sql<string>`case when index_uuid like '%/%' then split_part(index_uuid, '/', 1) end`;

/** The tenants of partitions that are parts of the indices with these uuids, which retention has not dropped. */
export async function knownParts(
  db: StateDatabase,
  uuids: readonly string[],
  tenantId?: string,
): Promise<{ uuid: string; tenantId: string }[]> {
  if (uuids.length === 0 || !(await hasTable(db, "partitions"))) return [];
  let query = db
    .selectFrom("partitions")
    .select(["tenant_id", indexOfPart.as("uuid")])
    .where(indexOfPart, "in", uuids)
    .where("state", "<>", "expired");
  if (tenantId !== undefined) query = query.where("tenant_id", "=", tenantId);
  return (await query.execute()).map((row) => ({ uuid: row.uuid, tenantId: row.tenant_id }));
}

/** Months that were written into without rows, and that retention has not dropped. */
export async function directlyWritten(
  db: StateDatabase,
  tenantId?: string,
): Promise<{ dataType: string; tenantId: string; month: string }[]> {
  if (!(await hasTable(db, "direct_writes"))) return [];
  let query = db
    .selectFrom("direct_writes as w")
    .leftJoin("partitions as p", (join) =>
      join
        .onRef("p.data_type", "=", "w.data_type")
        .onRef("p.tenant_id", "=", "w.tenant_id")
        .onRef("p.month", "=", "w.month"),
    )
    .select(["w.data_type as dataType", "w.tenant_id as tenantId", "w.month"])
    .where(sql<boolean>`p.state is distinct from 'expired'`);
  if (tenantId !== undefined) query = query.where("w.tenant_id", "=", tenantId);
  return query.execute();
}

async function hasTable(db: StateDatabase, name: string): Promise<boolean> {
  const { rows } = await sql<{
    there: boolean;
  }>`select to_regclass(${`log_archive.${name}`}) is not null as there`.execute(db);
  return rows[0]!.there;
}

export async function updateArchive(db: StateDatabase, values: Updateable<StateTables["archive"]>): Promise<void> {
  await db.updateTable("archive").set(values).execute();
}

/** Far more than there can be runs that have made a token and not yet shown it to Elasticsearch. */
const tokensKept = 1000;

/** The token is on disk when this resolves: Elasticsearch must never know one that a crash takes from here. */
export async function saveToken(
  db: StateDatabase,
  token: string,
  values: Updateable<StateTables["archive"]>,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await sql`set local synchronous_commit to on`.execute(transaction);
    await updateArchive(transaction, values);
    await transaction.insertInto("archive_tokens").values({ token }).execute();
    await transaction
      .deleteFrom("archive_tokens")
      .where("id", "<=", sql<string>`(select max(id) from log_archive.archive_tokens) - ${sql.lit(tokensKept)}`)
      .execute();
  });
}

export async function isOwnToken(db: StateDatabase, token: string): Promise<boolean> {
  const found = await db.selectFrom("archive_tokens").select("id").where("token", "=", token).executeTakeFirst();
  return found !== undefined;
}
