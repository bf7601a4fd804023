import { sql } from "kysely";
import { chunks } from "../../../stores/postgres/chunks.ts";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "../partitions/partition-id.ts";

export interface RestoreFindingRecord {
  readonly table: string;
  readonly id: string;
  readonly kind: "different" | "refused" | "lost" | "accepted";
  readonly columns: readonly string[];
  readonly reason: string;
}

/**
 * Enough to see what was wrong; PostgreSQL repeats the value it refused, which may be the user's data and megabytes of
 * it.
 */
const longestReason = 1000;

export async function saveRestoreFindings(
  db: StateDatabase,
  partition: PartitionId,
  runId: string,
  findings: readonly RestoreFindingRecord[],
): Promise<void> {
  const values = findings.map(({ table, id, kind, columns, reason }) => ({
    ...partitionColumns(partition),
    table_name: table,
    record_id: id,
    kind,
    columns: [...columns],
    reason: reason.slice(0, longestReason).replaceAll("\0", "\ufffd"),
    run_id: runId,
  }));
  for (const some of chunks(values)) {
    await db
      .insertInto("restore_findings")
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(["table_name", "record_id"]).doUpdateSet((row) => ({
          kind: row.ref("excluded.kind"),
          columns: row.ref("excluded.columns"),
          reason: row.ref("excluded.reason"),
          run_id: row.ref("excluded.run_id"),
          found_at: sql<string>`clock_timestamp()`,
        })),
      )
      .execute();
  }
}

/**
 * The rows of the partition that were purged and not brought back become findings; those refused are findings already.
 * Returns how many.
 */
export async function recordLostRows(
  db: StateDatabase,
  partition: PartitionId,
  table: string,
  runId: string,
): Promise<number> {
  const result = await db
    .insertInto("restore_findings")
    .columns(["data_type", "tenant_id", "month", "table_name", "record_id", "kind", "columns", "reason", "run_id"])
    .expression((select) =>
      select
        .selectFrom("purged_rows")
        .select([
          "data_type",
          "tenant_id",
          "month",
          sql<string>`${table}::text`.as("table_name"),
          "record_id",
          sql<"lost">`'lost'`.as("kind"),
          sql<string[]>`'{}'::text[]`.as("columns"),
          sql<string>`'the row was purged, and its document is not in the index any more'`.as("reason"),
          sql<string>`${runId}::uuid`.as("run_id"),
        ])
        .where((row) => row.and(partitionColumns(partition)))
        .where("expired", "=", false),
    )
    .onConflict((conflict) => conflict.columns(["table_name", "record_id"]).doNothing())
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0);
}

export interface PurgedCount extends PartitionId {
  readonly rows: number;
  /** Of them, those without a fingerprint. */
  readonly unproven: number;
}

/**
 * How many rows were purged of each partition of the tenant; those purged because retention had dropped their documents
 * do not count.
 */
export async function countPurgedRows(db: StateDatabase, tenantId: string): Promise<PurgedCount[]> {
  const rows = await db
    .selectFrom("purged_rows")
    .select(["data_type", "tenant_id", "month", (row) => row.fn.countAll<string>().as("count")])
    .select(sql<string>`count(*) filter (where fingerprint is null)`.as("unproven"))
    .where("tenant_id", "=", tenantId)
    .where("expired", "=", false)
    .groupBy(["data_type", "tenant_id", "month"])
    .execute();
  return rows.map((row) => ({
    dataType: row.data_type,
    tenantId: row.tenant_id,
    month: row.month,
    rows: Number(row.count),
    unproven: Number(row.unproven),
  }));
}

/** The first findings of a run. */
export async function listRestoreFindings(
  db: StateDatabase,
  runId: string,
  limit: number,
): Promise<RestoreFindingRecord[]> {
  const rows = await db
    .selectFrom("restore_findings")
    .select(["table_name as table", "record_id as id", "kind", "columns", "reason"])
    .where("run_id", "=", runId)
    .orderBy("kind")
    .orderBy("table_name")
    .orderBy("record_id")
    .limit(limit)
    .execute();
  return rows;
}
