import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";

export interface OnlyCopies extends PartitionId {
  /** Rows of which a document is the only copy. */
  readonly rows: number;
  /** Of the index that held them last, as far as it is known. */
  readonly indexUuid: string | null;
}

/**
 * The partitions of these tenants, or of all, of which rows were purged and are not back; those whose index retention
 * has dropped are left out.
 */
export async function onlyCopies(db: StateDatabase, tenantIds: readonly string[]): Promise<OnlyCopies[]> {
  const { rows } = await sql<{
    data_type: string;
    tenant_id: string;
    month: string;
    rows: string;
    uuid: string | null;
  }>`
    select p.data_type, p.tenant_id, p.month, j.rows, p.purged_index_uuid as uuid
      from log_archive.partitions p, lateral (select count(*) as rows from log_archive.purged_rows j
             where (j.data_type, j.tenant_id, j.month) = (p.data_type, p.tenant_id, p.month) and not j.expired) j
     where p.purged_since is not null and p.state <> 'expired' and j.rows > 0
       and (cardinality(${tenantIds}::text[]) = 0 or p.tenant_id = any(${tenantIds}))
     order by 1, 2, 3`.execute(db);
  return rows.map((row) => ({
    dataType: row.data_type,
    tenantId: row.tenant_id,
    month: row.month,
    rows: Number(row.rows),
    indexUuid: row.uuid,
  }));
}

/** All documents of the partition's purged rows were found in this index. */
export async function noteOnlyCopies(db: StateDatabase, partition: PartitionId, indexUuid: string): Promise<void> {
  await db
    .updateTable("partitions")
    .set({ purged_index_uuid: indexUuid })
    .where((row) => row.and(partitionColumns(partition)))
    .where("purged_since", "is not", null)
    .execute();
}

/** Where rows were purged at any time, without counting them. */
export async function purgedPartitions(db: StateDatabase): Promise<Omit<OnlyCopies, "rows">[]> {
  const rows = await db
    .selectFrom("partitions")
    .select(["data_type", "tenant_id", "month", "purged_index_uuid"])
    .where("purged_since", "is not", null)
    .where("state", "<>", "expired")
    .execute();
  return rows.map((row) => ({
    dataType: row.data_type,
    tenantId: row.tenant_id,
    month: row.month,
    indexUuid: row.purged_index_uuid,
  }));
}
