import { sql } from "kysely";
import { gapCounter, readCapture, readGaps } from "../capture.ts";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "../partitions/partition-id.ts";

/** Every row of the partition, and nothing else, was found in this index column by column. */
export interface Proof {
  readonly indexUuid: string;
  readonly rows: number;
  /** The gap counter before the first row was listed. */
  readonly gaps: string;
}

/**
 * Stores the proof in place of earlier ones. The partition is `verified`, unless its rows are being purged or its state
 * speaks of another index. Returns false, and stores nothing, when a write could not be recorded since the rows were
 * listed. The caller has held the partition's lock since the first row was compared.
 */
export async function saveProof(
  db: StateDatabase,
  partition: PartitionId,
  runId: string,
  { indexUuid, rows, gaps }: Proof,
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    await markVoid(transaction, partition);
    if ((await readGaps(transaction)) !== gaps) return false;
    await transaction
      .insertInto("proofs")
      .values({ ...partitionColumns(partition), index_uuid: indexUuid, rows, gaps, run_id: runId })
      .execute();
    await transaction
      .updateTable("partitions")
      .set({ state: "verified", updated_at: sql`clock_timestamp()` })
      .where((row) => row.and(partitionColumns(partition)))
      .where("index_uuid", "=", indexUuid)
      .where("state", "in", ["planned", "copying", "copied"])
      .execute();
    return true;
  });
}

/**
 * The proof of the partition in this index, as far as it holds now: nothing was written into the index since, no write
 * went unrecorded, and none waits to be applied that may concern the partition. created_at of those that wait is in the
 * source's own time, hence the days before and after.
 */
export async function validProof(
  db: StateDatabase,
  partition: PartitionId,
  indexUuid: string,
): Promise<{ readonly rows: number; readonly provedAt: string } | undefined> {
  const { dataType, tenantId, month } = partition;
  const first = sql`to_date(${month}, 'YYYY-MM')`;
  const around = (time: string) =>
    sql`${sql.ref(time)} >= ${first} - interval '1 day' and ${sql.ref(time)} < ${first} + interval '1 month 1 day'`;
  const found = await db
    .selectFrom("proofs")
    .select(["rows", "proved_at"])
    .where((row) => row.and(partitionColumns(partition)))
    .where("index_uuid", "=", indexUuid)
    .where("voided_at", "is", null)
    .where("gaps", "=", gapCounter)
    .where(
      sql<boolean>`not exists (select from log_archive.dirty_rows where data_type = ${dataType} and (
        tenant_id = ${tenantId} and (operation = 'T' or ${around("created_at")})
        or old_tenant_id = ${tenantId} and (${around("old_created_at")})))`,
    )
    .executeTakeFirst();
  return found && { rows: Number(found.rows), provedAt: found.proved_at };
}

/**
 * After a gap nothing counts as proven any more, nor what an unfinished validation has compared; without one nothing is
 * changed.
 */
export async function voidProofsAfterGap(db: StateDatabase): Promise<void> {
  if (!(await readCapture(db)).hasNewGap) return;
  await db.transaction().execute(async (transaction) => {
    await sql`insert into log_archive.capture (known_gaps) values (${gapCounter})
      on conflict (only_row) do update set known_gaps = excluded.known_gaps`.execute(transaction);
    await transaction
      .updateTable("proofs")
      .set({ voided_at: sql<string>`clock_timestamp()` })
      .where("voided_at", "is", null)
      .where("gaps", "<", gapCounter)
      .execute();
    await transaction.deleteFrom("validation_progress").where("gaps", "<", gapCounter).execute();
    await transaction
      .updateTable("partitions")
      .set({ state: "copied", updated_at: sql`clock_timestamp()` })
      .where("state", "=", "verified")
      .where(
        sql<boolean>`not exists (select from log_archive.proofs f where f.voided_at is null
          and (f.data_type, f.tenant_id, f.month) = (partitions.data_type, partitions.tenant_id, partitions.month))`,
      )
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
