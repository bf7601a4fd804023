import { type SelectQueryBuilder, sql } from "kysely";
import type { Refusal } from "../../engine/ports.ts";
import { type RecordError as RefusedRecord, type RecordErrors, shortReason } from "../../runs/record-errors.ts";
import { chunks } from "../../stores/postgres/chunks.ts";
import type { StateDatabase, StateTables } from "./database.ts";
import { type PartitionId, partitionColumns } from "./partitions/partition-id.ts";

/** One row that could not be archived. */
export interface RecordError extends RefusedRecord {
  readonly dataType: string;
  readonly tenantId: string;
  /** Null where created_at names no month. */
  readonly month: string | null;
}

export interface RecordErrorFilter {
  readonly runId?: string | undefined;
  readonly tenantIds?: readonly string[] | undefined;
  readonly dataTypes?: readonly string[] | undefined;
}

/** The record errors of the archive behind the port that the `errors` commands of every pipeline use. */
export function archiveRecordErrors(db: StateDatabase): RecordErrors<PartitionId, RecordErrorFilter, RecordError> {
  return {
    save: (partition, runId, refused) => saveRecordErrors(db, partition, runId, refused),
    list: (filter, limit, after) => listRecordErrors(db, filter, limit, after),
    forget: ({ dataType }, ids) => forgetRecordErrors(db, dataType, ids),
    discard: (filter) => discardRecordErrors(db, filter),
    countByType: (filter) => countRecordErrors(db, filter),
  };
}

export async function saveRecordErrors(
  db: StateDatabase,
  partition: PartitionId,
  runId: string,
  refused: readonly Refusal[],
): Promise<void> {
  const values = refused.map(({ id, type, reason }) => ({
    ...partitionColumns(partition),
    record_id: id,
    type,
    reason: shortReason(reason),
    run_id: runId,
  }));
  for (const some of chunks(values)) {
    await db
      .insertInto("record_errors")
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(["data_type", "record_id"]).doUpdateSet((row) => ({
          type: row.ref("excluded.type"),
          reason: row.ref("excluded.reason"),
          run_id: row.ref("excluded.run_id"),
          attempts: sql<number>`record_errors.attempts + 1`,
          last_seen_at: sql<string>`clock_timestamp()`,
        })),
      )
      .execute();
  }
}

/** The record errors, oldest partition first; at most `limit`, those behind `after` in the order (data type, id). */
export async function listRecordErrors(
  db: StateDatabase,
  filter: RecordErrorFilter,
  limit: number,
  after?: { dataType: string; id: string },
): Promise<RecordError[]> {
  let query = filtered(db.selectFrom("record_errors").selectAll(), filter)
    .orderBy("data_type")
    .orderBy("record_id")
    .limit(limit);
  if (after !== undefined) query = query.where(sql<boolean>`(data_type, record_id) > (${after.dataType}, ${after.id})`);
  const rows = await query.execute();
  return rows.map((row) => ({
    dataType: row.data_type,
    tenantId: row.tenant_id,
    month: row.month,
    id: row.record_id,
    type: row.type,
    reason: row.reason,
    attempts: row.attempts,
    lastSeenAt: row.last_seen_at,
  }));
}

export async function countRecordErrors(db: StateDatabase, filter: RecordErrorFilter): Promise<Record<string, number>> {
  const rows = await filtered(db.selectFrom("record_errors"), filter)
    .select(["type", (row) => row.fn.countAll<string>().as("count")])
    .groupBy("type")
    .execute();
  return Object.fromEntries(rows.map((row) => [row.type, Number(row.count)]));
}

/** Forgets the record errors; the rows stay in PostgreSQL and are not copied. Returns how many. */
export async function discardRecordErrors(db: StateDatabase, filter: RecordErrorFilter): Promise<number> {
  let query = db.deleteFrom("record_errors");
  if (filter.runId !== undefined) query = query.where("run_id", "=", filter.runId);
  if (filter.tenantIds?.length) query = query.where("tenant_id", "in", filter.tenantIds);
  if (filter.dataTypes?.length) query = query.where("data_type", "in", filter.dataTypes);
  return Number((await query.executeTakeFirst()).numDeletedRows);
}

/** Which of the ids are record errors. */
export async function knownRecordErrors(
  db: StateDatabase,
  dataType: string,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom("record_errors")
    .select("record_id")
    .where("data_type", "=", dataType)
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
  return new Set(rows.map((row) => row.record_id));
}

export async function forgetRecordErrors(db: StateDatabase, dataType: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .deleteFrom("record_errors")
    .where("data_type", "=", dataType)
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
}

function filtered<O>(
  query: SelectQueryBuilder<StateTables, "record_errors", O>,
  filter: RecordErrorFilter,
): typeof query {
  let result = query;
  if (filter.runId !== undefined) result = result.where("run_id", "=", filter.runId);
  if (filter.tenantIds?.length) result = result.where("tenant_id", "in", filter.tenantIds);
  if (filter.dataTypes?.length) result = result.where("data_type", "in", filter.dataTypes);
  return result;
}
