import type { StateDatabase } from "../database.ts";

/** Remembers the time that a sweep goes by. */
export async function recordSweep(db: StateDatabase, runId: string, asOf: Date): Promise<void> {
  await db.insertInto("retention_sweeps").values({ run_id: runId, as_of: asOf.toISOString() }).execute();
}

/** The latest time that a sweep went by; undefined before the first. */
export async function lastSweep(db: StateDatabase): Promise<Date | undefined> {
  const { last } = await db
    .selectFrom("retention_sweeps")
    .select((row) => row.fn.max("as_of").as("last"))
    .executeTakeFirstOrThrow();
  return last === null ? undefined : new Date(last);
}
