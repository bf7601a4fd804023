import pg from "pg";
import type { ConstructorOptions, PgBoss } from "pg-boss";
import { AppError } from "../../../engine/errors.ts";
import type { Pool } from "../connection/pool.ts";

/** Beside `log_archive`: its tables are pg-boss's, which makes and upgrades them itself. */
export const jobSchema = "log_archive_jobs";

/**
 * pg-boss on the pool, not started: what asks no table works at once. Loaded here, for it takes a tenth of a second
 * that most commands need not wait.
 */
export async function openBoss(pool: Pool, settings: ConstructorOptions = {}): Promise<PgBoss> {
  const boss = await import("pg-boss");
  const { rows } = await pool.query<{ missing: boolean }>("select to_regnamespace($1) is null as missing", [jobSchema]);
  return new boss.PgBoss({
    schema: jobSchema,
    // a role that was given the schema may not make any, and PostgreSQL refuses it also where there is one
    createSchema: rows[0]!.missing,
    // pg-boss wants the values that the driver makes, where the pool leaves them text.
    db: { executeSql: (text, values) => pool.query({ text, ...(values && { values }), types: pg.types }) },
    supervise: false,
    schedule: false,
    ...settings,
  });
}

/**
 * Starts pg-boss; makes or upgrades its tables first. Throws AppError that names the privilege when the role may not.
 */
export async function startBoss(boss: PgBoss): Promise<void> {
  try {
    await boss.start();
  } catch (cause) {
    await boss.stop().catch(() => {}); // the first error matters
    if (!(cause instanceof pg.DatabaseError) || cause.code !== "42501") throw cause;
    throw new AppError("jobs_privilege", `PostgreSQL: ${cause.message} (${cause.code})`, {
      cause,
      hint: `Schedules and jobs are kept in the schema ${jobSchema}: the role needs CREATE on the database to make it, and has to own it and its tables afterwards.`,
    });
  }
}

/** Runs `work` with the tables of pg-boss there. */
export async function withBoss<T>(pool: Pool, work: (boss: PgBoss) => Promise<T>): Promise<T> {
  const boss = await openBoss(pool);
  boss.on("error", () => {}); // of its timers; what `work` does fails by itself
  await startBoss(boss);
  try {
    return await work(boss);
  } finally {
    await boss.stop();
  }
}
