import { sql } from "kysely";
import type { StateDatabase } from "./database.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";

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
