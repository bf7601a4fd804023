import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { expirePartition } from "../partitions/expire-partition.ts";
import { type PartitionId, partitionColumns } from "../partitions/partition-id.ts";
import { listRules, lockRules, type RetentionRule } from "./rules.ts";

/** An index that is to go and everything the journal keeps of it. */
export interface Deletion extends PartitionId {
  readonly indexName: string;
  readonly indexUuid: string;
  readonly documents: number;
  readonly bytes: number;
  /** created_at of the newest document; null where there is none. */
  readonly newest: string | null;
  readonly onlyCopy: boolean | null;
  readonly reason: string;
  readonly snapshot: string | undefined;
}

export interface DecidedDeletion extends PartitionId {
  readonly id: string;
  readonly indexName: string;
  readonly indexUuid: string;
  /** That it had when it was decided. */
  readonly documents: number;
}

/**
 * Writes into the journal that the index is about to be deleted; undefined when `mayGo` says of the tenant's rules, as
 * they are at this moment, that it stays. The caller holds the partition's lock, and no deletion of the partition is
 * open.
 */
export async function decideDeletion(
  db: StateDatabase,
  run: { readonly id: string; readonly operator: string },
  deletion: Deletion,
  mayGo: (rules: readonly RetentionRule[]) => boolean,
): Promise<DecidedDeletion | undefined> {
  return db.transaction().execute(async (transaction) => {
    await lockRules(transaction);
    if (!mayGo(await listRules(transaction, [deletion.tenantId]))) return undefined;
    const { indexName, indexUuid, documents, bytes, newest, onlyCopy, reason, snapshot } = deletion;
    const { id } = await transaction
      .insertInto("retention_deletions")
      .values({
        ...partitionColumns(deletion),
        run_id: run.id,
        operator: run.operator,
        index_name: indexName,
        index_uuid: indexUuid,
        documents,
        bytes,
        newest,
        only_copy: onlyCopy,
        reason,
        snapshot: snapshot ?? null,
        ended_at: null,
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    const { dataType, tenantId, month } = deletion;
    return { id, dataType, tenantId, month, indexName, indexUuid, documents };
  });
}

/** The index is gone: the journal says so and its partition is `expired`, in one transaction. */
export async function finishDeletion(db: StateDatabase, deletion: DecidedDeletion, runId: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await endDeletion(transaction, deletion.id, "deleted");
    await expirePartition(transaction, deletion, runId);
  });
}

/** The index is still there, or another has its name: nothing of the partition changes. */
export async function endDeletion(db: StateDatabase, id: string, state: "deleted" | "retracted"): Promise<void> {
  await db
    .updateTable("retention_deletions")
    .set({ state, ended_at: sql<string>`clock_timestamp()` })
    .where("id", "=", id)
    .where("state", "=", "deleting")
    .execute();
}

/**
 * Deletions that were decided and have not come to their end: under way in another process, or left by one that died.
 */
export async function openDeletions(db: StateDatabase, tenantIds: readonly string[] = []): Promise<DecidedDeletion[]> {
  let query = db.selectFrom("retention_deletions").selectAll().where("state", "=", "deleting").orderBy("id");
  if (tenantIds.length > 0) query = query.where("tenant_id", "in", tenantIds);
  return (await query.execute()).map((row) => ({
    id: row.id,
    dataType: row.data_type,
    tenantId: row.tenant_id,
    month: row.month,
    indexName: row.index_name,
    indexUuid: row.index_uuid,
    documents: Number(row.documents),
  }));
}
