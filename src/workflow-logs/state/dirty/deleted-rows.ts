import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import type { PartitionId } from "../partitions/partition-id.ts";

/** A document that is kept though the platform deleted its row, and where it lies. */
export interface DeletedRow extends PartitionId {
  readonly id: string;
  /** Of the row, in the source's own time with six digits; undefined where it is not known. */
  readonly createdAt: string | undefined;
}

/**
 * Remembers that documents of the partition are kept, since when the newest waiting note says that the row was deleted;
 * one that was kept elsewhere is kept here now.
 */
export async function rememberDeletedRows(
  db: StateDatabase,
  partition: PartitionId,
  rows: readonly { readonly id: string; readonly createdAt?: string | undefined }[],
): Promise<void> {
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  const times = rows.map(({ createdAt }) => createdAt ?? null);
  await sql`insert into log_archive.deleted_rows (data_type, record_id, tenant_id, month, created_at, deleted_at)
    select ${partition.dataType}, r.record_id, ${partition.tenantId}, ${partition.month}, r.created_at, coalesce(n.written_at, clock_timestamp())
      from unnest(${ids}::text[], ${times}::timestamp[]) r(record_id, created_at)
      left join lateral (select max(written_at) as written_at from log_archive.dirty_rows d
                          where d.data_type = ${partition.dataType} and d.record_id = r.record_id and d.operation = 'D') n on true
    on conflict (data_type, record_id) do update
      set tenant_id = excluded.tenant_id, month = excluded.month, created_at = excluded.created_at`.execute(db);
}

/** Those of the records whose documents are kept. */
export async function deletedRowsOf(
  db: StateDatabase,
  dataType: string,
  ids: readonly string[],
): Promise<DeletedRow[]> {
  if (ids.length === 0) return [];
  const rows = await selectDeleted(db, dataType)
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
  return rows.map(toDeletedRow);
}

/** The next kept documents behind an id, of these tenants or of all, in the order of their ids. */
export async function deletedRowsAfter(
  db: StateDatabase,
  dataType: string,
  tenantIds: readonly string[],
  afterId: string,
  limit: number,
): Promise<DeletedRow[]> {
  let query = selectDeleted(db, dataType).where("record_id", ">", afterId).orderBy("record_id").limit(limit);
  if (tenantIds.length > 0) query = query.where(sql<boolean>`tenant_id = any(${tenantIds})`);
  return (await query.execute()).map(toDeletedRow);
}

type SelectedRow = Awaited<ReturnType<ReturnType<typeof selectDeleted>["execute"]>>[number];

function selectDeleted(db: StateDatabase, dataType: string) {
  return db
    .selectFrom("deleted_rows")
    .select(["data_type", "tenant_id", "month", "record_id"])
    .select(sql<string | null>`to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US')`.as("created_at"))
    .where("data_type", "=", dataType);
}

function toDeletedRow(row: SelectedRow): DeletedRow {
  return {
    dataType: row.data_type,
    tenantId: row.tenant_id,
    month: row.month,
    id: row.record_id,
    createdAt: row.created_at ?? undefined,
  };
}

/**
 * When the platform deleted these rows, as ISO timestamps, by their ids: by what was noted and waits, or was applied
 * and the document kept.
 */
export async function deletionTimes(
  db: StateDatabase,
  dataType: string,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await sql<{ id: string; at: string }>`
    select record_id as id, to_json(max(at))#>>'{}' as at
      from (select record_id, deleted_at as at from log_archive.deleted_rows where data_type = ${dataType} and record_id = any(${ids})
            union all
            select record_id, written_at from log_archive.dirty_rows
             where data_type = ${dataType} and record_id = any(${ids}) and operation = 'D') known
     group by record_id`.execute(db);
  return new Map(rows.map(({ id, at }) => [id, at]));
}
