import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import type { PartitionId } from "../partitions/partition-id.ts";

/** The file of an offload row whose node execution was purged. */
export interface OffloadedFile {
  readonly offloadId: string;
  readonly recordId: string;
  readonly fileId: string;
}

/** Call in the transaction that deletes the offload rows. */
export async function journalOffloadedFiles(
  db: StateDatabase,
  { tenantId, month }: Pick<PartitionId, "tenantId" | "month">,
  files: readonly OffloadedFile[],
): Promise<void> {
  if (files.length === 0) return;
  await sql`insert into log_archive.offloaded_files (offload_id, record_id, tenant_id, month, file_id)
    select offload_id, record_id, ${tenantId}, ${month}, file_id
      from unnest(${files.map(({ offloadId }) => offloadId)}::text[], ${files.map(({ recordId }) => recordId)}::text[], ${files.map(({ fileId }) => fileId)}::text[]) f(offload_id, record_id, file_id)
    on conflict (offload_id) do update set record_id = excluded.record_id, tenant_id = excluded.tenant_id, month = excluded.month,
      file_id = excluded.file_id, purged_at = clock_timestamp(), deletion = null`.execute(db);
}

/** Months of the tenant in which files of purged rows may still be in the storage. */
export async function monthsOfFiles(db: StateDatabase, tenantId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("offloaded_files")
    .select("month")
    .distinct()
    .where("tenant_id", "=", tenantId)
    .where(mayBeStored)
    .orderBy("month")
    .execute();
  return rows.map(({ month }) => month);
}

/**
 * The next files of the partition behind an offload id, in the order of these: those that may be in the storage, or
 * those that may be deleted.
 */
export async function offloadedFilesAfter(
  db: StateDatabase,
  { tenantId, month }: Pick<PartitionId, "tenantId" | "month">,
  which: "stored" | "deleted",
  { after, limit }: { after: string; limit: number },
): Promise<OffloadedFile[]> {
  return db
    .selectFrom("offloaded_files")
    .select(["offload_id as offloadId", "record_id as recordId", "file_id as fileId"])
    .where("tenant_id", "=", tenantId)
    .where("month", "=", month)
    .where("offload_id", ">", after)
    .where(which === "stored" ? mayBeStored : sql<boolean>`deletion is not null`)
    .orderBy("offload_id")
    .limit(limit)
    .execute();
}

const mayBeStored = sql<boolean>`deletion is distinct from 'done'`;

/**
 * Call before the file is deleted, and again when it is gone: a crash between the two leaves one that both cleanup and
 * restore look for.
 */
export async function noteDeletion(db: StateDatabase, offloadId: string, deletion: "begun" | "done"): Promise<void> {
  await db.updateTable("offloaded_files").set({ deletion }).where("offload_id", "=", offloadId).execute();
}

/** Call when the files are in the storage and their offload rows in PostgreSQL. */
export async function forgetOffloadedFiles(db: StateDatabase, offloadIds: readonly string[]): Promise<void> {
  if (offloadIds.length === 0) return;
  await db.deleteFrom("offloaded_files").where("offload_id", "in", offloadIds).execute();
}
