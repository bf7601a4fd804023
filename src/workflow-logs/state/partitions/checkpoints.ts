import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { voidListed } from "./listed-scopes.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";

/** Every row from `start` (inclusive) up to and including the cursor is confirmed. */
export interface ConfirmedRange {
  readonly start: string;
  readonly createdAt: string;
  readonly id: string;
}

/** The confirmed ranges of a partition, oldest first. They do not overlap. */
export async function confirmedRanges(db: StateDatabase, partition: PartitionId): Promise<ConfirmedRange[]> {
  return db
    .selectFrom("checkpoints")
    .select([microseconds("range_start").as("start"), microseconds("created_at").as("createdAt"), "id"])
    .where((row) => row.and(partitionColumns(partition)))
    .orderBy("range_start")
    .execute();
}

/** Moves the end of the range that begins at `range.start`, or begins it. */
export async function saveCheckpoint(db: StateDatabase, partition: PartitionId, range: ConfirmedRange): Promise<void> {
  await db
    .insertInto("checkpoints")
    .values({
      ...partitionColumns(partition),
      range_start: range.start,
      created_at: range.createdAt,
      id: range.id,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["data_type", "tenant_id", "month", "range_start"])
        .doUpdateSet({ created_at: range.createdAt, id: range.id }),
    )
    .execute();
}

/**
 * No checkpoint of the partition lies behind `now` (the source's time) afterwards: rows that are younger are listed
 * again until their time has come. `firstId` comes before every id. Returns whether there was one.
 */
export async function holdCheckpointsBack(
  db: StateDatabase,
  partition: PartitionId,
  now: string,
  firstId: string,
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    const ahead = await transaction
      .deleteFrom("checkpoints")
      .where((row) => row.and(partitionColumns(partition)))
      .where("range_start", ">", now)
      .executeTakeFirst();
    const reaching = await transaction
      .updateTable("checkpoints")
      .set({ created_at: now, id: firstId })
      .where((row) => row.and(partitionColumns(partition)))
      .where("created_at", ">", now)
      .executeTakeFirst();
    const wereHeld = ahead.numDeletedRows + reaching.numUpdatedRows > 0n;
    if (wereHeld) await voidListed(transaction, partition);
    return wereHeld;
  });
}

/** Joins the range that begins at `start` with the next one, when nothing is left to copy between them. */
export async function joinRanges(
  db: StateDatabase,
  partition: PartitionId,
  start: string,
  next: ConfirmedRange,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .deleteFrom("checkpoints")
      .where((row) => row.and(partitionColumns(partition)))
      .where("range_start", "=", next.start)
      .execute();
    await saveCheckpoint(transaction, partition, { ...next, start });
  });
}

/** All six digits, so that texts compare as the times do. */
function microseconds(column: "range_start" | "created_at") {
  return sql<string>`to_char(${sql.ref(column)}, 'YYYY-MM-DD HH24:MI:SS.US')`;
}
