import { sql } from "kysely";
import type { StateDatabase } from "./database.ts";

export interface CaptureRecord {
  /** Since when every write is recorded; null while it is not. */
  readonly installedAt: string | null;
  /** Writes, or groups of them, that could not be recorded since then. */
  readonly gaps: number;
  /** The gap counter was advanced since proofs were last voided for it. */
  readonly hasNewGap: boolean;
}

export async function readCapture(db: StateDatabase): Promise<CaptureRecord> {
  const found = await sql<{ installedAt: string | null; gaps: string | null; hasNewGap: boolean }>`
    select installed_at as "installedAt", ${gapCounter} - installed_gaps as gaps, ${gapCounter} <> coalesce(known_gaps, 0) as "hasNewGap"
      from (values (true)) one left join log_archive.capture on true`.execute(db);
  const { installedAt, gaps, hasNewGap } = found.rows[0]!;
  return { installedAt, gaps: Number(gaps ?? 0), hasNewGap };
}

/**
 * The value of the gap counter: what was read at another value proves nothing now. A sequence that was never advanced
 * says 1 and that it was not called.
 */
export async function readGaps(db: StateDatabase): Promise<string> {
  const found = await sql<{ gaps: string }>`select ${gapCounter} as gaps`.execute(db);
  return found.rows[0]!.gaps;
}

export const gapCounter = sql<string>`(select case when is_called then last_value else 0 end from log_archive.capture_gaps)`;

export async function advanceGaps(db: StateDatabase): Promise<void> {
  await sql`select log_archive.count_gap()`.execute(db);
}

/** Until markInstalled nothing counts as recorded. */
export async function markInstalling(db: StateDatabase): Promise<void> {
  await sql`insert into log_archive.capture default values on conflict (only_row) do update set installed_at = null`.execute(
    db,
  );
}

/**
 * From now on everything is recorded. What was written before was not, so nothing holds that was proven before; where
 * capture had been installed and was broken, that is a gap to be shown.
 */
export async function markInstalled(db: StateDatabase): Promise<void> {
  await advanceGaps(db);
  await db
    .updateTable("capture")
    .set({
      installed_at: sql<string>`clock_timestamp()`,
      installed_gaps: sql<string>`coalesce(installed_gaps, ${gapCounter})`,
    })
    .execute();
}

export async function markUninstalled(db: StateDatabase): Promise<void> {
  await db.updateTable("capture").set({ installed_at: null, installed_gaps: null }).execute();
}

/** Rows waiting to be copied again: how many entries by data type and operation, and how long the oldest has waited. */
export interface WaitingRows {
  readonly total: number;
  readonly byDataType: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly oldestSeconds: number | null;
}

export async function countWaiting(db: StateDatabase): Promise<WaitingRows> {
  const groups = await db
    .selectFrom("dirty_rows")
    .select(["data_type", "operation"])
    .select((row) => row.fn.countAll<string>().as("rows"))
    .select(sql<string>`extract(epoch from clock_timestamp() - min(written_at))`.as("seconds"))
    .groupBy(["data_type", "operation"])
    .orderBy("data_type")
    .orderBy("operation")
    .execute();
  const byDataType: Record<string, Record<string, number>> = {};
  for (const { data_type, operation, rows } of groups) (byDataType[data_type] ??= {})[operation] = Number(rows);
  return {
    total: groups.reduce((sum, { rows }) => sum + Number(rows), 0),
    byDataType,
    oldestSeconds: groups.length === 0 ? null : Math.max(...groups.map(({ seconds }) => Math.round(Number(seconds)))),
  };
}

/**
 * Forgets everything that waits; what it spoke of is nowhere else, so nothing is proven any more. Returns how many
 * entries.
 */
export async function discardWaiting(db: StateDatabase): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const { numDeletedRows } = await transaction.deleteFrom("dirty_rows").executeTakeFirstOrThrow();
    if (numDeletedRows > 0n) await advanceGaps(transaction);
    return Number(numDeletedRows);
  });
}
