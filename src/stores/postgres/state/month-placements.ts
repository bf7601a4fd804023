import { sql } from "kysely";
import type { StateDatabase } from "./database.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";

/** Months of one data type of a tenant that not both stores have whole. */
export interface MonthPlacements {
  /** Logs of theirs may be in Elasticsearch alone: rows were purged, or never written into PostgreSQL. */
  readonly inElasticsearch: readonly string[];
  /** Retention dropped their index: what is left of them is in PostgreSQL. */
  readonly expired: readonly string[];
}

/**
 * As the snapshot has it in which it is asked: a purge says in the transaction of its first delete that the month is being purged, so rows that were
 * read before this and are not of such a month were all there.
 */
export async function readPlacements(db: StateDatabase, dataType: string, tenantId: string): Promise<MonthPlacements> {
  const { rows } = await sql<{ month: string; expired: boolean }>`
    select month, state = 'expired' as expired from log_archive.partitions
     where data_type = ${dataType} and tenant_id = ${tenantId} and state in ('purging', 'purged', 'expired')
    union
    select month, false from log_archive.direct_writes where data_type = ${dataType} and tenant_id = ${tenantId}
    order by 1`.execute(db);
  return {
    inElasticsearch: rows.filter(({ expired }) => !expired).map(({ month }) => month),
    expired: rows.filter(({ expired }) => expired).map(({ month }) => month),
  };
}

/** Tenants of which not all months of the data type are whole in both stores. */
export async function tenantsWithPlacements(db: StateDatabase, dataType: string): Promise<string[]> {
  const { rows } = await sql<{ tenant: string }>`
    select tenant_id as tenant from log_archive.partitions
     where data_type = ${dataType} and state in ('purging', 'purged', 'expired')
    union
    select tenant_id from log_archive.direct_writes where data_type = ${dataType}`.execute(db);
  return rows.map(({ tenant }) => tenant);
}

/** Call before the first log that PostgreSQL lacks is written into the partition. */
export async function markDirectWrite(db: StateDatabase, partition: PartitionId): Promise<void> {
  await db
    .insertInto("direct_writes")
    .values(partitionColumns(partition))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Whether documents of the partition may never have had a row. */
export async function isWrittenDirectly(db: StateDatabase, partition: PartitionId): Promise<boolean> {
  const found = await db
    .selectFrom("direct_writes")
    .select("month")
    .where((row) => row.and(partitionColumns(partition)))
    .executeTakeFirst();
  return found !== undefined;
}
