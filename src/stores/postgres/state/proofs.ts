import { sql } from "kysely";
import type { StateDatabase } from "./database.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";

/** Every row of the partition, and nothing else, was found in this index column by column. */
export interface Proof {
  readonly indexUuid: string;
  readonly rows: number;
}

/**
 * Stores the proof in place of earlier ones. The partition is `verified`, unless its rows are being purged or its state speaks of another index. The
 * caller has held the partition's lock since its first row was compared.
 */
export async function saveProof(
  db: StateDatabase,
  partition: PartitionId,
  runId: string,
  { indexUuid, rows }: Proof,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await markVoid(transaction, partition);
    await transaction
      .insertInto("proofs")
      .values({ ...partitionColumns(partition), index_uuid: indexUuid, rows, run_id: runId })
      .execute();
    await transaction
      .updateTable("partitions")
      .set({ state: "verified", updated_at: sql`clock_timestamp()` })
      .where((row) => row.and(partitionColumns(partition)))
      .where("index_uuid", "=", indexUuid)
      .where("state", "in", ["planned", "copying", "copied"])
      .execute();
  });
}

/** Call in the transaction of the first write into the partition: what was validated of it holds no more. */
export async function voidProofs(db: StateDatabase, partition: PartitionId): Promise<void> {
  await markVoid(db, partition);
  await db
    .deleteFrom("validation_progress")
    .where((row) => row.and(partitionColumns(partition)))
    .execute();
}

async function markVoid(db: StateDatabase, partition: PartitionId): Promise<void> {
  await db
    .updateTable("proofs")
    .set({ voided_at: sql<string>`clock_timestamp()` })
    .where((row) => row.and(partitionColumns(partition)))
    .where("voided_at", "is", null)
    .execute();
}
