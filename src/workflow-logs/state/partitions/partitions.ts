import { type Selectable, sql } from "kysely";
import { AppError } from "../../../engine/errors.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";
import { voidProofs } from "../validate/proofs.ts";
import { voidListed } from "./listed-scopes.ts";
import type { PartitionState, StateDatabase, StateTables } from "../database.ts";

export interface PartitionRecord extends PartitionId {
  readonly state: PartitionState;
  readonly indexName: string;
  readonly indexUuid: string;
  readonly copiedRows: number;
  readonly copiedBytes: number;
  /** Rows of it were purged at some time, and may be back. */
  readonly wasPurged: boolean;
}

export async function listPartitions(db: StateDatabase, tenantIds: readonly string[] = []): Promise<PartitionRecord[]> {
  let query = db.selectFrom("partitions").selectAll().orderBy("tenant_id").orderBy("data_type").orderBy("month");
  if (tenantIds.length > 0) query = query.where("tenant_id", "in", tenantIds);
  return (await query.execute()).map(toRecord);
}

/** Undefined where nothing was ever written into the partition. */
export async function readPartition(db: StateDatabase, partition: PartitionId): Promise<PartitionRecord | undefined> {
  const row = await db
    .selectFrom("partitions")
    .selectAll()
    .where((columns) => columns.and(partitionColumns(partition)))
    .executeTakeFirst();
  return row && toRecord(row);
}

/** The id of the run that worked on the partition last. */
export async function lastRunOf(db: StateDatabase, partition: PartitionId): Promise<string | undefined> {
  const row = await db
    .selectFrom("partitions")
    .select("run_id")
    .where((columns) => columns.and(partitionColumns(partition)))
    .executeTakeFirst();
  return row?.run_id ?? undefined;
}

function toRecord(row: Selectable<StateTables["partitions"]>): PartitionRecord {
  return {
    dataType: row.data_type,
    tenantId: row.tenant_id,
    month: row.month,
    state: row.state,
    indexName: row.index_name,
    indexUuid: row.index_uuid,
    copiedRows: Number(row.copied_rows),
    copiedBytes: Number(row.copied_bytes),
    wasPurged: row.purged_since !== null,
  };
}

/** What is known of a partition that a run begins to work on. */
export interface KnownPartition {
  readonly copiedRows: number;
  /** Its index is another than before, so all that was known has been forgotten. */
  readonly indexWasReplaced: boolean;
  readonly stateBefore: PartitionState | undefined;
}

/**
 * The partition is owned by the run; one that was never copied is `copying`. With `fromNothing`, or when its index is
 * another than the one its checkpoints speak of, it has no checkpoints and open rows any more. The caller holds the
 * partition's lock. Returns what was known before, if it still counts.
 */
export async function beginPartition(
  db: StateDatabase,
  partition: PartitionId,
  index: { name: string; uuid: string },
  run: { id: string; fromNothing: boolean },
): Promise<KnownPartition> {
  return db.transaction().execute(async (transaction) => {
    const known = await transaction
      .selectFrom("partitions")
      .selectAll()
      .where((row) => row.and(partitionColumns(partition)))
      .forUpdate()
      .executeTakeFirst();
    const indexWasReplaced = known !== undefined && known.index_uuid !== index.uuid;
    const counts = known !== undefined && !indexWasReplaced && !run.fromNothing;
    if (known !== undefined && !counts) {
      await transaction
        .deleteFrom("checkpoints")
        .where((row) => row.and(partitionColumns(partition)))
        .execute();
      await transaction
        .deleteFrom("open_rows")
        .where((row) => row.and(partitionColumns(partition)))
        .execute();
      await transaction
        .deleteFrom("record_errors")
        .where((row) => row.and(partitionColumns(partition)))
        .execute();
      await voidListed(transaction, partition, run.fromNothing ? run.id : undefined);
    }
    const values = { index_name: index.name, index_uuid: index.uuid, run_id: run.id };
    await transaction
      .insertInto("partitions")
      .values({ ...partitionColumns(partition), ...values, state: "copying" })
      .onConflict((conflict) =>
        conflict.columns(["data_type", "tenant_id", "month"]).doUpdateSet({
          ...values,
          updated_at: sql`clock_timestamp()`,
          ...(counts ? {} : { copied_rows: 0, copied_bytes: 0, state: "copying" as const }),
        }),
      )
      .execute();
    return {
      copiedRows: counts ? Number(known.copied_rows) : 0,
      indexWasReplaced,
      stateBefore: counts ? known.state : undefined,
    };
  });
}

/**
 * Call before the first document of a run is written into the partition: it is `copying`, and nothing that was
 * validated of it holds any more.
 */
export async function markCopying(db: StateDatabase, partition: PartitionId, runId: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await setPartitionState(transaction, partition, runId, "copying");
    await voidProofs(transaction, partition);
  });
}

/** The partition is `copied` if something was written into it; otherwise it stays what it was. */
export async function finishCopying(db: StateDatabase, partition: PartitionId, runId: string): Promise<void> {
  await db
    .updateTable("partitions")
    .set({ state: "copied", updated_at: sql`clock_timestamp()` })
    .where((row) => row.and(partitionColumns(partition)))
    .where("run_id", "=", runId)
    .where("state", "=", "copying")
    .execute();
}

/**
 * Adds to what was copied; throws AppError when another run has taken the partition over, so that its checkpoint is
 * left alone.
 */
export async function addCopied(
  db: StateDatabase,
  partition: PartitionId,
  runId: string,
  rows: number,
  bytes: number,
): Promise<void> {
  const result = await db
    .updateTable("partitions")
    .set({
      copied_rows: sql`copied_rows + ${rows}`,
      copied_bytes: sql`copied_bytes + ${bytes}`,
      updated_at: sql`clock_timestamp()`,
    })
    .where((row) => row.and(partitionColumns(partition)))
    .where("run_id", "=", runId)
    .executeTakeFirst();
  if (result.numUpdatedRows === 1n) return;
  throw new AppError(
    "partition_taken_over",
    `Another run has taken over ${partition.dataType} ${partition.tenantId} ${partition.month}.`,
    {
      hint: "Let that run finish, then run the same command again. Nothing is lost: rows written twice are the same document.",
    },
  );
}

/** The partition has this many confirmed documents, whatever was counted before. */
export async function setCopiedRows(
  db: StateDatabase,
  partition: PartitionId,
  runId: string,
  rows: number,
): Promise<void> {
  await db
    .updateTable("partitions")
    .set({ copied_rows: rows, updated_at: sql`clock_timestamp()` })
    .where((row) => row.and(partitionColumns(partition)))
    .where("run_id", "=", runId)
    .execute();
}

/** Documents of the partition that may have been counted are gone: as many are counted as are certain to be there. */
export async function uncountCopied(db: StateDatabase, partition: PartitionId, documents: number): Promise<void> {
  if (documents === 0) return;
  await db
    .updateTable("partitions")
    .set({ copied_rows: sql`greatest(0, copied_rows - ${documents})` })
    .where((row) => row.and(partitionColumns(partition)))
    .execute();
}

async function setPartitionState(
  db: StateDatabase,
  partition: PartitionId,
  runId: string,
  state: PartitionState,
): Promise<void> {
  await db
    .updateTable("partitions")
    .set({ state, updated_at: sql`clock_timestamp()` })
    .where((row) => row.and(partitionColumns(partition)))
    .where("run_id", "=", runId)
    .execute();
}
