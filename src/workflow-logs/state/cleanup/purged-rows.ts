import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "../partitions/partition-id.ts";
import { forgetPartitionRestore } from "../restore/restores.ts";

export interface PurgedRow {
  readonly id: string;
  readonly offloadRows: number;
  /** Of the document that the row was compared with; undefined where retention has dropped it. */
  readonly document: DocumentMark | undefined;
}

/** By what a document is known later. */
export interface DocumentMark {
  readonly fingerprint: Buffer;
  readonly bytes: number;
}

/**
 * Writes rows into the journal and says that their partition is being purged; call in the transaction that deletes
 * them. A row that was purged, restored and purged again has one entry, the last.
 */
export async function journalPurged(
  db: StateDatabase,
  partition: PartitionId,
  run: { id: string; expired: boolean },
  rows: readonly PurgedRow[],
): Promise<void> {
  await sql`insert into log_archive.purged_rows (data_type, record_id, tenant_id, month, run_id, offload_rows, expired, fingerprint, document_bytes)
    select ${partition.dataType}, record_id, ${partition.tenantId}, ${partition.month}, ${run.id}::uuid, offload_rows, ${run.expired}, fingerprint, bytes
      from unnest(${rows.map(({ id }) => id)}::text[], ${rows.map(({ offloadRows }) => offloadRows)}::int[],
                  ${rows.map(({ document }) => document?.fingerprint ?? null)}::bytea[], ${rows.map(({ document }) => document?.bytes ?? null)}::int[])
           r(record_id, offload_rows, fingerprint, bytes)
    on conflict (data_type, record_id) do update set tenant_id = excluded.tenant_id, month = excluded.month, run_id = excluded.run_id,
      purged_at = clock_timestamp(), offload_rows = excluded.offload_rows, expired = excluded.expired, fingerprint = excluded.fingerprint,
      document_bytes = excluded.document_bytes, adopted_at = null`.execute(db);
  // its document is kept for another reason now
  await sql`delete from log_archive.deleted_rows where data_type = ${partition.dataType} and record_id = any(${rows.map(({ id }) => id)})`.execute(
    db,
  );
  await forgetPartitionRestore(db, partition);
  if (run.expired) return; // it stays what it is: its documents are gone
  await db
    .updateTable("partitions")
    .set({
      state: "purging",
      updated_at: sql`clock_timestamp()`,
      purged_since: sql`coalesce(purged_since, clock_timestamp())`,
      purged_index_uuid: sql`coalesce(purged_index_uuid, index_uuid)`,
    })
    .where((row) => row.and(partitionColumns(partition)))
    .where(
      sql<boolean>`(state in ('copying', 'copied', 'verified', 'purged') or state = 'purging' and purged_since is null)`,
    )
    .execute();
}

/** Where the documents lie of those of the records that cleanup deleted, by id. */
export async function purgedPlaces(
  db: StateDatabase,
  dataType: string,
  ids: readonly string[],
): Promise<Map<string, { readonly tenantId: string; readonly month: string }>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom("purged_rows")
    .select(["record_id", "tenant_id", "month"])
    .where("data_type", "=", dataType)
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
  return new Map(rows.map((row) => [row.record_id, { tenantId: row.tenant_id, month: row.month }]));
}

/** Those of the records whose rows had been purged at the time that is given with each, an ISO timestamp. */
export async function purgedBy(
  db: StateDatabase,
  dataType: string,
  records: readonly { readonly id: string; readonly at: string }[],
): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select p.record_id as id
      from unnest(${records.map(({ id }) => id)}::text[], ${records.map(({ at }) => at)}::timestamptz[]) r(record_id, at)
      join log_archive.purged_rows p on p.data_type = ${dataType} and p.record_id = r.record_id and p.purged_at <= r.at`.execute(
    db,
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * The rows are there again, or were deleted by the platform, or their documents are gone: none of them counts as purged
 * from the partition.
 */
export async function forgetPurgedOf(db: StateDatabase, partition: PartitionId, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .deleteFrom("purged_rows")
    .where((row) => row.and(partitionColumns(partition)))
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
}

/** The documents of these records are gone too: nothing says any more that they should be there. */
export async function forgetPurged(db: StateDatabase, dataType: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .deleteFrom("purged_rows")
    .where("data_type", "=", dataType)
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
}

/** The partition is `purged` if rows of it were deleted; otherwise it stays what it was. */
export async function finishPurging(db: StateDatabase, partition: PartitionId): Promise<void> {
  await db
    .updateTable("partitions")
    .set({ state: "purged", updated_at: sql`clock_timestamp()` })
    .where((row) => row.and(partitionColumns(partition)))
    .where("state", "=", "purging")
    .execute();
}

/**
 * When the last run that wrote into the partition ended, or was seen alive last, in milliseconds since 1970; the
 * partition's own last change where that run is not known any more. Infinity for a partition without state.
 */
export async function lastWrittenMillis(db: StateDatabase, partition: PartitionId): Promise<number> {
  const found = await db
    .selectFrom("partitions")
    .leftJoin("runs", "runs.id", "partitions.run_id")
    .select(
      sql<string>`extract(epoch from coalesce(runs.finished_at, runs.heartbeat_at, partitions.updated_at)) * 1000`.as(
        "millis",
      ),
    )
    .where((row) =>
      row.and({
        "partitions.data_type": partition.dataType,
        "partitions.tenant_id": partition.tenantId,
        "partitions.month": partition.month,
      }),
    )
    .executeTakeFirst();
  return found === undefined ? Number.POSITIVE_INFINITY : Number(found.millis);
}
