import { sql } from "kysely";
import type { StateDatabase } from "./database.ts";

export interface NewTakeover {
  readonly operator: string;
  readonly archiveBefore: string;
  readonly archiveAfter: string;
  readonly reasons: readonly string[];
  readonly indices: readonly string[];
}

/**
 * The journal has it before anything is changed, and nothing that runs have listed counts any more: others may have
 * written into the indices. Returns its id.
 */
export async function beginTakeover(db: StateDatabase, takeover: NewTakeover): Promise<string> {
  const { operator, archiveBefore, archiveAfter, reasons, indices } = takeover;
  await db.deleteFrom("listed_scopes").execute();
  const { id } = await db
    .insertInto("takeovers")
    .values({ operator, archive_before: archiveBefore, archive_after: archiveAfter, reasons, indices })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

/**
 * The database may be older than the archive. Notes of writes go, for they speak of rows as they were before, and what
 * validate has proven and what runs have listed: it speaks of documents as they were before.
 */
export async function noteSetBack(db: StateDatabase): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable("archive")
      .set({
        set_back_at: sql<string>`clock_timestamp()`,
        set_back_xid: sql<string>`pg_current_xact_id()::text::bigint`,
      })
      .execute();
    await transaction.deleteFrom("dirty_rows").where("operation", "in", ["I", "U"]).execute();
    await transaction.deleteFrom("listed_scopes").execute();
    await transaction
      .updateTable("proofs")
      .set({ voided_at: sql<string>`clock_timestamp()` })
      .where("voided_at", "is", null)
      .execute();
    await transaction.updateTable("partitions").set({ state: "copied" }).where("state", "=", "verified").execute();
  });
}

/** It and those that were begun before it are done. */
export async function endTakeover(db: StateDatabase, id: string): Promise<void> {
  await db
    .updateTable("takeovers")
    .set({ state: "done", done_at: sql<string>`clock_timestamp()` })
    .where("id", "<=", id)
    .where("state", "=", "begun")
    .execute();
}

/** The newest that was begun and not finished. */
export async function openTakeover(
  db: StateDatabase,
): Promise<{ archiveBefore: string; archiveAfter: string } | undefined> {
  const row = await db
    .selectFrom("takeovers")
    .select(["archive_before", "archive_after"])
    .where("state", "=", "begun")
    .orderBy("id", "desc")
    .executeTakeFirst();
  return row && { archiveBefore: row.archive_before, archiveAfter: row.archive_after };
}

/** Rows that have a document and no row any more: purged, or written into Elasticsearch alone. */
export async function countPurgedRows(db: StateDatabase): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select (select count(*) from log_archive.purged_rows where not expired) + (select count(*) from log_archive.direct_writes)
         + (select count(*) from log_archive.deleted_rows) as count`.execute(db);
  return Number(rows[0]!.count);
}

/** Everything is copied again by the next migrate, for it lies elsewhere from now on. */
export async function forgetCopies(db: StateDatabase): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    for (const table of ["checkpoints", "open_rows", "validation_progress", "restores"] as const)
      await transaction.deleteFrom(table).execute();
    await transaction
      .updateTable("proofs")
      .set({ voided_at: sql<string>`clock_timestamp()` })
      .where("voided_at", "is", null)
      .execute();
    await transaction
      .updateTable("partitions")
      .set({ state: "copying", copied_rows: 0, copied_bytes: 0 })
      .where("state", "<>", "expired")
      .execute();
  });
}
