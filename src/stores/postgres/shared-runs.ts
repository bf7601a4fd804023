import { type Kysely, sql } from "kysely";
import type { RateLedger } from "../../runs/shared-pacing.ts";
import type { RequestedState, RunLimits, RunStatus } from "../../runs/run-record.ts";
import type { PartState, Sharing } from "../../runs/sharing.ts";
import { chunks } from "./chunks.ts";
import { jobSchema } from "./jobs/open-boss.ts";
import {
  lockIsHeld,
  type PartError,
  processLives,
  type SharedRunsDatabase,
  type SharedRunTables,
} from "./runs-tables.ts";
import { workersOf } from "./sharing.ts";

/** A part as the run plans it. Both are kept as JSON, so without secrets. */
export interface NewPart {
  readonly key: string;
  readonly jobId: string;
  readonly plan: object;
}

/** What a worker has when it takes a part. */
export interface TakenPart {
  readonly plan: object;
  readonly counts: object | null;
  readonly fruitless: number;
  /** Attempts whose last requests may still be under way. */
  readonly unsettled: readonly string[];
}

export interface ChangedPart {
  readonly key: string;
  readonly state: PartState;
  readonly worker: string | null;
  readonly counts: object | null;
  readonly error: PartError | null;
  readonly updatedAt: string;
}

/** A shared run as a worker has to obey it. */
export interface SharedRunNow {
  readonly status: RunStatus;
  readonly requested: RequestedState;
  readonly limits: RunLimits;
  /** Whether the process of the run lives. */
  readonly isAlive: boolean;
  readonly isStopping: boolean;
  readonly epoch: string;
  readonly command: string;
  readonly options: Record<string, unknown>;
  readonly startedAt: string;
  readonly target: object;
}

/** The lock that a worker holds as long as an attempt lasts. */
export function attemptLockName(attempt: string): string {
  return `log_archive:attempt:${attempt}`;
}

/**
 * What a shared run's command and its workers know of it together. Each method is one short transaction. Errors are the
 * driver's.
 */
export class SharedRuns {
  private readonly db: SharedRunsDatabase;

  constructor(db: SharedRunsDatabase) {
    this.db = db;
  }

  /** Workers finish what is in flight, and take nothing more of the run. */
  async stop(runId: string): Promise<void> {
    await this.db.updateTable("shared_runs").set({ is_stopping: true }).where("run_id", "=", runId).execute();
  }

  /** Afterwards the parts are there to be taken. What earlier ones of the run have counted is kept. */
  async begin(runId: string, epoch: string, target: object, parts: readonly NewPart[]): Promise<void> {
    await this.db.transaction().execute(async (transaction) => {
      const now = { epoch, target: JSON.stringify(target), is_stopping: false };
      await transaction
        .insertInto("shared_runs")
        .values({ run_id: runId, ...now })
        .onConflict((conflict) => conflict.column("run_id").doUpdateSet(now))
        .execute();
      // from now on no earlier attempt confirms anything; of what is not planned again nothing is left to do
      await transaction
        .updateTable("run_parts")
        .set({ state: "done", attempt: null })
        .where("run_id", "=", runId)
        .execute();
      let position = 0;
      for (const some of chunks(parts)) {
        await transaction
          .insertInto("run_parts")
          .values(
            some.map(({ key, jobId, plan }) => ({
              run_id: runId,
              key,
              position: position++,
              plan: JSON.stringify(plan),
              worker: null,
              job_id: jobId,
              attempt: null,
            })),
          )
          .onConflict((conflict) =>
            conflict.columns(["run_id", "key"]).doUpdateSet((row) => ({
              state: "waiting",
              position: row.ref("excluded.position"),
              plan: row.ref("excluded.plan"),
              job_id: row.ref("excluded.job_id"),
              fruitless: 0,
              error: null,
              updated_at: sql`clock_timestamp()`,
            })),
          )
          .execute();
      }
    });
  }

  /** Undefined where there is no such run. */
  async look(runId: string): Promise<SharedRunNow | undefined> {
    const row = await this.db
      .selectFrom("shared_runs")
      .innerJoin("runs", "runs.id", "shared_runs.run_id")
      .select([
        "runs.status",
        "runs.requested_state as requested",
        "runs.limits",
        "runs.command",
        "runs.options",
        "runs.started_at as startedAt",
        "is_stopping as isStopping",
        "epoch",
        "target",
        processLives.as("isAlive"),
      ])
      .where("runs.id", "=", runId)
      .executeTakeFirst();
    return row && { ...row, limits: row.limits! };
  }

  /**
   * The part is the attempt's from now on; undefined when it is done. The caller holds the lock of what the part is
   * about, so an attempt that had it before is gone or cut off, and the lock of the attempt.
   */
  async take(
    runId: string,
    key: string,
    { attempt, worker }: { readonly attempt: string; readonly worker: string },
  ): Promise<TakenPart | undefined> {
    const row = await this.db
      .updateTable("run_parts")
      .set({
        state: "working",
        attempt,
        worker,
        attempts: sql`attempts + 1`,
        unsettled: sql`unsettled || ${attempt}::uuid`,
        updated_at: sql`clock_timestamp()`,
      })
      .where("run_id", "=", runId)
      .where("key", "=", key)
      .where("state", "in", ["waiting", "working"])
      .returning(["plan", "counts", "fruitless", "unsettled"])
      .executeTakeFirst();
    return row && { ...row, unsettled: row.unsettled.filter((other) => other !== attempt) };
  }

  /** Elasticsearch has nothing under way of these attempts any more. */
  async settled(runId: string, key: string, attempts: readonly string[]): Promise<void> {
    if (attempts.length === 0) return;
    await this.db
      .updateTable("run_parts")
      .set({ unsettled: sql`array(select unnest(unsettled) except select unnest(${[...attempts]}::uuid[]))` })
      .where("run_id", "=", runId)
      .where("key", "=", key)
      .execute();
  }

  /**
   * The part is back for another attempt. `isSettled`: every request of this one was answered. Without a `failure` it
   * was stopped.
   */
  async giveBack(
    runId: string,
    key: string,
    attempt: string,
    { isSettled, failure }: { readonly isSettled: boolean; readonly failure?: PartError | undefined },
  ): Promise<void> {
    await this.db
      .updateTable("run_parts")
      .set({
        state: "waiting",
        attempt: null,
        updated_at: sql`clock_timestamp()`,
        ...(isSettled && { unsettled: sql`array_remove(unsettled, ${attempt}::uuid)` }),
        ...(failure !== undefined && { error: JSON.stringify(failure), fruitless: sql`fruitless + 1` }),
      })
      .where("run_id", "=", runId)
      .where("key", "=", key)
      .where("attempt", "=", attempt)
      .execute();
  }

  /** The part can be done by nobody, and with it the run has failed. */
  async fail(runId: string, key: string, attempt: string, failure: PartError): Promise<void> {
    await this.db
      .updateTable("run_parts")
      .set({
        state: "failed",
        attempt: null,
        error: JSON.stringify(failure),
        updated_at: sql`clock_timestamp()`,
      })
      .where("run_id", "=", runId)
      .where("key", "=", key)
      .where("attempt", "=", attempt)
      .execute();
  }

  /** Parts that changed at `since` (as `updatedAt` has it) or later. */
  async changed(runId: string, since: string | undefined): Promise<ChangedPart[]> {
    let query = this.db
      .selectFrom("run_parts")
      .select(["key", "state", "worker", "counts", "error", "updated_at as updatedAt"])
      .where("run_id", "=", runId)
      .orderBy("updated_at");
    if (since !== undefined) query = query.where("updated_at", ">=", since);
    return query.execute();
  }

  /** Jobs whose part is being worked on by nobody who lives, with the attempt. */
  async abandoned(runId: string): Promise<{ jobId: string; attempt: string }[]> {
    const rows = await this.db
      .selectFrom("run_parts")
      .select(["job_id as jobId", "attempt"])
      .where("run_id", "=", runId)
      .where("state", "=", "working")
      .where((row) => row.not(attemptLives))
      .execute();
    return rows as { jobId: string; attempt: string }[];
  }

  /** The attempt, whose worker is gone, confirms nothing more. */
  async abandon(runId: string, attempt: string): Promise<void> {
    await this.db
      .updateTable("run_parts")
      .set({ state: "waiting", attempt: null, updated_at: sql`clock_timestamp()` })
      .where("run_id", "=", runId)
      .where("attempt", "=", attempt)
      .execute();
  }

  /** Parts that wait and that this queue of pg-boss has no job for, whoever took it away. */
  async withoutJob(runId: string, queue: string): Promise<string[]> {
    const rows = await this.db
      .selectFrom("run_parts")
      .select("key")
      .where("run_id", "=", runId)
      .where("state", "=", "waiting")
      .where(
        sql<boolean>`not exists (select from ${sql.id(jobSchema, "job")} j
          where j.name = ${queue} and j.id = job_id and j.state in ('created', 'retry', 'active'))`,
      )
      .execute();
    return rows.map((row) => row.key);
  }

  async setJob(runId: string, key: string, jobId: string): Promise<void> {
    await this.db
      .updateTable("run_parts")
      .set({ job_id: jobId })
      .where("run_id", "=", runId)
      .where("key", "=", key)
      .execute();
  }

  /** How many attempts live. */
  async atWork(runId: string): Promise<number> {
    const row = await this.db
      .selectFrom("run_parts")
      .select((one) => one.fn.countAll<string>().as("count"))
      .where("run_id", "=", runId)
      .where("attempt", "is not", null)
      .where(attemptLives)
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  /** Jobs of parts that nobody has taken. */
  async waitingJobs(runId: string): Promise<string[]> {
    const rows = await this.db
      .selectFrom("run_parts")
      .select("job_id")
      .where("run_id", "=", runId)
      .where("state", "=", "waiting")
      .where("job_id", "is not", null)
      .execute();
    return rows.map((row) => row.job_id!);
  }

  async workerSeen(
    runId: string,
    worker: string,
    now: { readonly waiting?: string | undefined; readonly refusal?: string | undefined },
  ): Promise<void> {
    const values = { waiting: now.waiting ?? null, refusal: now.refusal ?? null };
    await this.db
      .insertInto("run_workers")
      .values({ run_id: runId, worker, ...values })
      .onConflict((conflict) =>
        conflict.columns(["run_id", "worker"]).doUpdateSet({ ...values, seen_at: sql`clock_timestamp()` }),
      )
      .execute();
  }

  workers(runId: string): Promise<Sharing["workers"]> {
    return workersOf(this.db, runId);
  }

  /** What a batch of any worker waits for. */
  ledger(runId: string): RateLedger {
    return {
      admit: async ({ records, bytes }, { recordsPerSecond, bytesPerSecond }) => {
        const seconds = sql`greatest(owed_records / ${recordsPerSecond ?? Infinity}::float8, owed_bytes / ${bytesPerSecond ?? Infinity}::float8)`;
        const admitted = await this.db
          .updateTable("shared_runs")
          .set({ owed_since: sql`clock_timestamp()`, owed_records: records, owed_bytes: bytes })
          .where("run_id", "=", runId)
          .where(sql<boolean>`owed_since + make_interval(secs => least(${seconds}, 1e6)) <= clock_timestamp()`)
          .executeTakeFirst();
        if (admitted.numUpdatedRows === 1n) return 0;
        const left = sql<string>`least(${seconds}, 1e6) - extract(epoch from clock_timestamp() - owed_since)::float8`;
        const row = await this.db
          .selectFrom("shared_runs")
          .select(left.as("left"))
          .where("run_id", "=", runId)
          .executeTakeFirstOrThrow();
        return Math.max(1, Math.ceil(Number(row.left) * 1000));
      },
      charge: async (bytes) => {
        await this.db
          .updateTable("shared_runs")
          .set({ owed_bytes: sql`owed_bytes + ${bytes}` })
          .where("run_id", "=", runId)
          .execute();
      },
    };
  }
}

const attemptLives = lockIsHeld(sql`${sql.lit(attemptLockName(""))} || attempt::text`);

/**
 * To be part of the transaction that confirms a batch: what the part has counted so far. Returns false when the attempt
 * has lost the part, and then nothing of the transaction may be kept.
 */
export async function saveCounts(
  transaction: Kysely<SharedRunTables>,
  { runId, key, attempt }: { readonly runId: string; readonly key: string; readonly attempt: string },
  counts: object,
  end?: "done",
): Promise<boolean> {
  const saved = await transaction
    .updateTable("run_parts")
    .set({
      counts: JSON.stringify(counts),
      fruitless: 0,
      updated_at: sql`clock_timestamp()`,
      ...(end === "done" && {
        state: end,
        attempt: null,
        error: null,
        unsettled: sql`array_remove(unsettled, ${attempt}::uuid)`,
      }),
    })
    .where("run_id", "=", runId)
    .where("key", "=", key)
    .where("attempt", "=", attempt)
    .executeTakeFirst();
  return saved.numUpdatedRows === 1n;
}
