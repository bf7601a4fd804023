import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "../partitions/partition-id.ts";
import type { DocumentMark } from "./purged-rows.ts";

/** A row that was deleted because its document was proven. */
export interface PurgedEntry {
  readonly id: string;
  /** Null for a row that was purged before fingerprints were written, and not adopted since. */
  readonly fingerprint: Buffer | null;
  /** Of the document then; null where the fingerprint is. */
  readonly bytes: number | null;
}

/** The rows purged of the partition behind an id, in the order of ids (as the database sorts text), so many at most. */
export async function purgedEntriesAfter(
  db: StateDatabase,
  partition: PartitionId,
  afterId: string,
  limit: number,
): Promise<PurgedEntry[]> {
  const rows = await db
    .selectFrom("purged_rows")
    .select(["record_id", "fingerprint", "document_bytes"])
    .where((row) => row.and(partitionColumns(partition)))
    .where("expired", "=", false)
    .where("record_id", ">", afterId)
    .orderBy("record_id")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ id: row.record_id, fingerprint: row.fingerprint, bytes: row.document_bytes }));
}

/** How large the documents of purged rows were then, by id, where it was noted. */
export async function purgedSizes(
  db: StateDatabase,
  dataType: string,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom("purged_rows")
    .select(["record_id", "document_bytes"])
    .where("data_type", "=", dataType)
    .where(sql<boolean>`record_id = any(${ids})`)
    .where("document_bytes", "is not", null)
    .execute();
  return new Map(rows.map((row) => [row.record_id, row.document_bytes!]));
}

export interface PurgedCounts {
  /** Rows whose documents are meant to be the only copy. */
  readonly purged: number;
  /** Of them, those without a fingerprint. */
  readonly unproven: number;
}

export async function countPurgedEntries(db: StateDatabase, partition: PartitionId): Promise<PurgedCounts> {
  const found = await db
    .selectFrom("purged_rows")
    .select((row) => row.fn.countAll<string>().as("purged"))
    .select(sql<string>`count(*) filter (where fingerprint is null)`.as("unproven"))
    .where((row) => row.and(partitionColumns(partition)))
    .where("expired", "=", false)
    .executeTakeFirstOrThrow();
  return { purged: Number(found.purged), unproven: Number(found.unproven) };
}

/** From now on these documents are known by what they are now; entries that have a fingerprint keep it. */
export async function adoptDocuments(
  db: StateDatabase,
  partition: PartitionId,
  documents: readonly ({ readonly id: string } & DocumentMark)[],
): Promise<void> {
  if (documents.length === 0) return;
  await sql`update log_archive.purged_rows p
     set fingerprint = d.fingerprint, document_bytes = d.bytes, adopted_at = clock_timestamp()
    from unnest(${documents.map(({ id }) => id)}::text[], ${documents.map(({ fingerprint }) => fingerprint)}::bytea[],
                ${documents.map(({ bytes }) => bytes)}::int[]) d(id, fingerprint, bytes)
   where (p.data_type, p.tenant_id, p.month) = (${partition.dataType}, ${partition.tenantId}, ${partition.month})
     and p.record_id = d.id and p.fingerprint is null and not p.expired`.execute(db);
}

/** The fingerprints of those of the ids whose rows were purged of the partition; null where none was written. */
export async function purgedFingerprints(
  db: StateDatabase,
  partition: PartitionId,
  ids: readonly string[],
): Promise<Map<string, Buffer | null>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom("purged_rows")
    .select(["record_id", "fingerprint"])
    .where((row) => row.and(partitionColumns(partition)))
    .where("expired", "=", false)
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
  return new Map(rows.map((row) => [row.record_id, row.fingerprint]));
}

/** The fingerprints of these entries were taken of documents that nothing had proved. */
export async function markAdopted(db: StateDatabase, partition: PartitionId, ids: readonly string[]): Promise<void> {
  await db
    .updateTable("purged_rows")
    .set({ adopted_at: sql`clock_timestamp()` })
    .where((row) => row.and(partitionColumns(partition)))
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
}
