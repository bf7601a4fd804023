import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "../partitions/partition-id.ts";

/** What a full validation of a partition compares. */
export interface ValidatedRange {
  readonly indexUuid: string;
  /** The gap counter before the rows were listed. */
  readonly gaps: string;
  /** Bounds of created_at, inclusive and exclusive. */
  readonly from: string;
  readonly to: string;
}

export interface ValidationProgress {
  readonly runId: string;
  /** The last row that was compared; undefined before the first. */
  readonly after: { readonly createdAt: string; readonly id: string } | undefined;
  /** Rows compared so far. */
  readonly checked: number;
  /** Rows and documents have all been looked at. */
  readonly finished: boolean;
  /** The last purged row whose document was looked at, in the order of ids; undefined before the first. */
  readonly purgedId: string | undefined;
}

/** Progress as old as this is no base to go on from: rows and documents may have changed unseen. */
const resumableDays = 7;

/** How far an unfinished validation of this very range came, if no write has touched the partition since. */
export async function findProgress(
  db: StateDatabase,
  partition: PartitionId,
  range: ValidatedRange,
): Promise<ValidationProgress | undefined> {
  const found = await db
    .selectFrom("validation_progress")
    .select(["run_id", "id", "checked", "finished", "purged_id"])
    .select(sql<string>`to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US')`.as("created_at"))
    .where((row) => row.and(partitionColumns(partition)))
    .where("index_uuid", "=", range.indexUuid)
    .where("range_from", "=", range.from)
    .where("range_to", "=", range.to)
    .where("gaps", "=", range.gaps)
    .where("updated_at", ">", sql<string>`now() - make_interval(days => ${resumableDays})`)
    .executeTakeFirst();
  if (found === undefined) return undefined;
  return {
    runId: found.run_id,
    after: found.id === null ? undefined : { createdAt: found.created_at, id: found.id },
    checked: Number(found.checked),
    finished: found.finished,
    purgedId: found.purged_id ?? undefined,
  };
}

export async function saveProgress(
  db: StateDatabase,
  partition: PartitionId,
  range: ValidatedRange,
  progress: ValidationProgress,
): Promise<void> {
  const values = {
    run_id: progress.runId,
    index_uuid: range.indexUuid,
    range_from: range.from,
    range_to: range.to,
    gaps: range.gaps,
    created_at: progress.after?.createdAt ?? null,
    id: progress.after?.id ?? null,
    checked: progress.checked,
    finished: progress.finished,
    purged_id: progress.purgedId ?? null,
  };
  await db
    .insertInto("validation_progress")
    .values({ ...partitionColumns(partition), ...values })
    .onConflict((conflict) =>
      conflict
        .columns(["data_type", "tenant_id", "month"])
        .doUpdateSet({ ...values, updated_at: sql<string>`clock_timestamp()` }),
    )
    .execute();
}

/** A validation that has ended is not gone on with: the next one compares everything again. */
export async function forgetProgress(db: StateDatabase, runId: string): Promise<void> {
  await db.deleteFrom("validation_progress").where("run_id", "=", runId).execute();
}
