import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "../partitions/partition-id.ts";

/** Which of the ids are rows of the partition that cleanup deleted: their documents are meant to have no row. */
export async function purgedIds(
  db: StateDatabase,
  partition: PartitionId,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom("purged_rows")
    .select("record_id")
    .where((row) => row.and(partitionColumns(partition)))
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
  return new Set(rows.map((row) => row.record_id));
}

export async function countPurged(db: StateDatabase, partition: PartitionId): Promise<number> {
  const found = await db
    .selectFrom("purged_rows")
    .select((row) => row.fn.countAll<string>().as("rows"))
    .where((row) => row.and(partitionColumns(partition)))
    .executeTakeFirstOrThrow();
  return Number(found.rows);
}

/**
 * Which of the ids are rows of the tenant that the platform deleted while that was recorded: their documents are kept,
 * or the deletion waits to be applied.
 */
export async function deletedIds(
  db: StateDatabase,
  partition: PartitionId,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom("deleted_rows")
    .select("record_id")
    .where((row) => row.and(partitionColumns(partition)))
    .where(sql<boolean>`record_id = any(${ids})`)
    .union(
      db
        .selectFrom("dirty_rows")
        .select("record_id")
        .where("data_type", "=", partition.dataType)
        .where("old_tenant_id", "=", partition.tenantId)
        .where("operation", "=", "D")
        .where(sql<boolean>`record_id = any(${ids})`),
    )
    .execute();
  return new Set(rows.map((row) => row.record_id));
}

/** How many such rows the partition had; `month` is its bounds of created_at in the source's own time. */
export async function countDeleted(
  db: StateDatabase,
  partition: PartitionId,
  month: { readonly from: string; readonly to: string },
): Promise<number> {
  const found = await sql<{ rows: string }>`select count(*) as rows from (
      select record_id from log_archive.deleted_rows
       where (data_type, tenant_id, month) = (${partition.dataType}, ${partition.tenantId}, ${partition.month})
      union
      select record_id from log_archive.dirty_rows d
       where data_type = ${partition.dataType} and old_tenant_id = ${partition.tenantId} and operation = 'D'
         and old_created_at >= ${month.from} and old_created_at < ${month.to}
         and not exists (select from log_archive.dirty_rows n where n.data_type = d.data_type and n.record_id = d.record_id
                            and n.version > d.version and n.operation in ('I', 'U'))) r`.execute(db);
  return Number(found.rows[0]!.rows);
}

/** Ids of the rows of the partition that were deleted because their document was proven, a page at a time. */
export async function* purgedRowIds(
  db: StateDatabase,
  partition: PartitionId,
  pageSize: number,
): AsyncGenerator<string[]> {
  for (let after = ""; ;) {
    const page = await db
      .selectFrom("purged_rows")
      .select("record_id")
      .where((row) => row.and(partitionColumns(partition)))
      .where("expired", "=", false)
      .where("record_id", ">", after)
      .orderBy("record_id")
      .limit(pageSize)
      .execute();
    if (page.length > 0) yield page.map((row) => row.record_id);
    if (page.length < pageSize) return;
    after = page.at(-1)!.record_id;
  }
}
