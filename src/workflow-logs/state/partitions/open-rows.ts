import { sql } from "kysely";
import { chunks } from "../../../stores/postgres/chunks.ts";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";

/** A row that had not ended when it was copied, with the SHA-1 of the document that was written. */
export interface OpenRow {
  readonly id: string;
  readonly fingerprint: Buffer;
}

/** Rows to look at again; an id known already gets the new fingerprint and keeps its first time. */
export async function rememberOpenRows(
  db: StateDatabase,
  partition: PartitionId,
  rows: readonly OpenRow[],
): Promise<void> {
  const values = rows.map((row) => ({
    ...partitionColumns(partition),
    record_id: row.id,
    fingerprint: row.fingerprint,
  }));
  for (const some of chunks(values)) {
    await db
      .insertInto("open_rows")
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(["data_type", "record_id"]).doUpdateSet((row) => ({
          fingerprint: row.ref("excluded.fingerprint"),
          tenant_id: row.ref("excluded.tenant_id"),
          month: row.ref("excluded.month"),
        })),
      )
      .execute();
  }
}

export async function forgetOpenRows(db: StateDatabase, partition: PartitionId, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.deleteFrom("open_rows").where("data_type", "=", partition.dataType).where("record_id", "in", ids).execute();
}

/**
 * Forgets rows of the partition first copied more than `days` ago: most of them crashed and never end. Returns how
 * many.
 */
export async function forgetAgedOpenRows(db: StateDatabase, partition: PartitionId, days: number): Promise<number> {
  const result = await db
    .deleteFrom("open_rows")
    .where((row) => row.and(partitionColumns(partition)))
    .where("first_copied_at", "<", sql<string>`now() - make_interval(days => ${days})`)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** The next open rows of the partition behind an id, in the order of their ids. */
export async function openRowsAfter(
  db: StateDatabase,
  partition: PartitionId,
  afterId: string,
  limit: number,
): Promise<OpenRow[]> {
  return db
    .selectFrom("open_rows")
    .select(["record_id as id", "fingerprint"])
    .where((row) => row.and(partitionColumns(partition)))
    .where("record_id", ">", afterId)
    .orderBy("record_id")
    .limit(limit)
    .execute();
}

/** Open rows for each partition that has any and still has an index. */
export async function countOpenRows(db: StateDatabase): Promise<(PartitionId & { rows: number })[]> {
  const rows = await db
    .selectFrom("open_rows")
    .select(["data_type", "tenant_id", "month", (row) => row.fn.countAll<string>().as("rows")])
    .where(
      sql<boolean>`not exists (select from log_archive.partitions p where p.state = 'expired'
        and (p.data_type, p.tenant_id, p.month) = (open_rows.data_type, open_rows.tenant_id, open_rows.month))`,
    )
    .groupBy(["data_type", "tenant_id", "month"])
    .execute();
  return rows.map((row) => ({
    dataType: row.data_type,
    tenantId: row.tenant_id,
    month: row.month,
    rows: Number(row.rows),
  }));
}

/** Whether a row of the partition had not ended when it was copied, and nobody has looked at it since. */
export async function hasOpenRows(db: StateDatabase, partition: PartitionId): Promise<boolean> {
  const found = await db
    .selectFrom("open_rows")
    .select("record_id")
    .where((row) => row.and(partitionColumns(partition)))
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}
