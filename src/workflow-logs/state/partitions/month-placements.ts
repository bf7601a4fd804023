import { type RawBuilder, sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";

/** Months of one data type of a tenant that not both stores have whole. */
export interface MonthPlacements {
  /** Logs of theirs may be in Elasticsearch alone: rows were purged, or never written into PostgreSQL. */
  readonly inElasticsearch: readonly string[];
  /** Retention has dropped their index, or is about to: what is left of them is in PostgreSQL. */
  readonly expired: readonly string[];
}

/**
 * As the snapshot has it in which it is asked: cleanup-pg writes its journal in the transaction that deletes a row, and
 * restore takes the entry out in the one that brings it back.
 */
export async function readPlacements(db: StateDatabase, dataType: string, tenantId: string): Promise<MonthPlacements> {
  const { rows } = await sql<{ month: string; expired: boolean }>`
    with recursive purged as (${distinct("month", sql`data_type = ${dataType} and tenant_id = ${tenantId}`)}),
         gone as (${expiredMonths(sql`data_type = ${dataType} and tenant_id = ${tenantId}`)})
    select value as month, false as expired from purged where value is not null and value not in (select month from gone)
    union
    select month, false from log_archive.direct_writes where data_type = ${dataType} and tenant_id = ${tenantId}
    union
    select month, true from gone
    order by 1`.execute(db);
  return {
    inElasticsearch: rows.filter(({ expired }) => !expired).map(({ month }) => month),
    expired: rows.filter(({ expired }) => expired).map(({ month }) => month),
  };
}

/** Tenants of which not all months of the data type are whole in both stores. */
export async function tenantsWithPlacements(db: StateDatabase, dataType: string): Promise<string[]> {
  const { rows } = await sql<{ tenant: string }>`
    with recursive purged as (${distinct("tenant_id", sql`data_type = ${dataType}`)})
    select value as tenant from purged where value is not null
    union
    select tenant_id from log_archive.direct_writes where data_type = ${dataType}
    union
    select tenant_id from (${expiredMonths(sql`data_type = ${dataType}`)}) gone`.execute(db);
  return rows.map(({ tenant }) => tenant);
}

/**
 * The values of a column of the journal by a jump through its index for each: it has a row for each log that was
 * purged.
 */
function distinct(column: "month" | "tenant_id", condition: RawBuilder<unknown>): RawBuilder<unknown> {
  const name = sql.ref(column);
  return sql`select (select min(${name}) from log_archive.purged_rows where ${condition}) as value
    union all
    select (select min(${name}) from log_archive.purged_rows where ${condition} and ${name} > p.value)
      from purged p where p.value is not null`;
}

function expiredMonths(condition: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`select tenant_id, month from log_archive.partitions where ${condition} and state = 'expired'
    union
    select tenant_id, month from log_archive.retention_deletions where ${condition} and state = 'deleting'`;
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
