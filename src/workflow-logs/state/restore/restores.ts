import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "../partitions/partition-id.ts";
import { voidProofs } from "../validate/proofs.ts";

/** What a restore of a partition is about. */
export interface RestoreTarget {
  readonly indexUuid: string;
  /** Bounds of created_at, UTC. */
  readonly from: string;
  readonly to: string;
}

/** How far an interrupted restore of a partition came. */
export interface RestoreProgress {
  /** Every document up to this id, in the order of ids, is dealt with. */
  readonly lastId: string | null;
  readonly isDone: boolean;
  readonly counts: object;
}

/**
 * Longer after an interruption the platform may have deleted what had been restored, and nothing here would know;
 * looking at all documents again costs time and nothing else.
 */
const validFor = "1 day";

/**
 * Where a restore of the same range from the same index was interrupted; undefined when another run has written into
 * the partition since, or purged rows of it. Ask before the run takes the partition over.
 */
export async function interruptedRestore(
  db: StateDatabase,
  partition: PartitionId,
  target: RestoreTarget,
): Promise<RestoreProgress | undefined> {
  const found = await db
    .selectFrom("restores as r")
    .innerJoin("partitions as p", (join) =>
      join
        .onRef("p.data_type", "=", "r.data_type")
        .onRef("p.tenant_id", "=", "r.tenant_id")
        .onRef("p.month", "=", "r.month")
        .onRef("p.run_id", "=", "r.run_id"),
    )
    .select(["r.last_id as lastId", "r.is_done as isDone", "r.counts"])
    .where("r.data_type", "=", partition.dataType)
    .where("r.tenant_id", "=", partition.tenantId)
    .where("r.month", "=", partition.month)
    .where("r.index_uuid", "=", target.indexUuid)
    .where("r.range_from", "=", target.from)
    .where("r.range_to", "=", target.to)
    .where("r.updated_at", ">", sql<string>`clock_timestamp() - ${sql.lit(validFor)}::interval`)
    .executeTakeFirst();
  return found;
}

/**
 * Afterwards the progress and what was found on the way are the run's; a restore from nothing forgets what an earlier
 * one found.
 */
export async function beginRestore(
  db: StateDatabase,
  partition: PartitionId,
  runId: string,
  target: RestoreTarget,
  progress: RestoreProgress | undefined,
): Promise<void> {
  const values = {
    run_id: runId,
    index_uuid: target.indexUuid,
    range_from: target.from,
    range_to: target.to,
    last_id: progress?.lastId ?? null,
    is_done: progress?.isDone ?? false,
    counts: JSON.stringify(progress?.counts ?? {}),
  };
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto("restores")
      .values({ ...partitionColumns(partition), ...values })
      .onConflict((conflict) =>
        conflict
          .columns(["data_type", "tenant_id", "month"])
          .doUpdateSet({ ...values, updated_at: sql<string>`clock_timestamp()` }),
      )
      .execute();
    const ofPartition = partitionColumns(partition);
    if (progress === undefined) {
      await transaction
        .deleteFrom("restore_findings")
        .where((row) => row.and(ofPartition))
        .execute();
    } else {
      await transaction
        .updateTable("restore_findings")
        .set({ run_id: runId })
        .where((row) => row.and(ofPartition))
        .execute();
    }
  });
}

export async function saveRestoreProgress(
  db: StateDatabase,
  partition: PartitionId,
  runId: string,
  progress: RestoreProgress,
): Promise<void> {
  await db
    .updateTable("restores")
    .set({
      last_id: progress.lastId,
      is_done: progress.isDone,
      counts: JSON.stringify(progress.counts),
      updated_at: sql<string>`clock_timestamp()`,
    })
    .where((row) => row.and(partitionColumns(partition)))
    .where("run_id", "=", runId)
    .execute();
}

/** Call in the transaction that deletes rows of the partition: what was restored before would be passed over. */
export async function forgetPartitionRestore(db: StateDatabase, partition: PartitionId): Promise<void> {
  await db
    .deleteFrom("restores")
    .where((row) => row.and(partitionColumns(partition)))
    .execute();
}

/** Forgets the progress of a run that came to its end: the next restore looks at everything. */
export async function forgetRestores(db: StateDatabase, runId: string): Promise<void> {
  await db.deleteFrom("restores").where("run_id", "=", runId).execute();
}

/**
 * The partition is what a copied one is, so that it can be purged again, and nothing that was proved of it holds any
 * more.
 */
export async function markRestored(db: StateDatabase, partition: PartitionId, runId: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable("partitions")
      .set({ state: "copied", updated_at: sql`clock_timestamp()` })
      .where((row) => row.and(partitionColumns(partition)))
      .where("run_id", "=", runId)
      .where("state", "not in", ["planned", "copying"]) // there a copy has yet to come to its end
      .execute();
    await voidProofs(transaction, partition);
  });
}
