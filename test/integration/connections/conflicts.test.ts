import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPool, type Pool } from "../../../src/stores/postgres/connection/pool.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { changeRun, row, runId, saveRun, tenantId, waitingNotes } from "../../support/race-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { restoreOnce } from "../restore/restore-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";

let archive: TestArchive;
let pool: Pool;
beforeEach(async () => {
  archive = await createTestArchive({});
  pool = createPool(archive.databaseUrl, 4);
  for (const number of [1, 2, 3]) await saveRun(archive, number, `2025-08-1${number} 10:00`, "x");
});
afterEach(async () => {
  await pool.end();
  await archive.drop();
});

/** Each write into the table fails as often as is left in `failures`, with the error given. */
async function failing(table: string, code: string, times: number, when = "INSERT OR UPDATE OR DELETE"): Promise<void> {
  await archive.sql.query(`
    CREATE SEQUENCE IF NOT EXISTS public.failures;
    SELECT setval('public.failures', 1, false);
    CREATE OR REPLACE FUNCTION public.fail_${code.toLowerCase()}() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF nextval('public.failures') <= ${times} THEN RAISE EXCEPTION 'made up' USING ERRCODE = '${code}'; END IF; RETURN NULL; END $$;
    CREATE TRIGGER fail_${code.toLowerCase()} AFTER ${when} ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION public.fail_${code.toLowerCase()}()`);
}

async function failed(): Promise<number> {
  const { rows } = await archive.sql.query<{ tried: number }>("SELECT last_value::int AS tried FROM public.failures");
  return rows[0]!.tried;
}

test("a real deadlock: the statement that PostgreSQL ends is tried again, and both transactions succeed", async () => {
  const other = new pg.Client({ connectionString: archive.databaseUrl });
  await other.connect();
  await other.query("SET deadlock_timeout = '60s'"); // ours is the one that looks, and loses
  await other.query("BEGIN");
  await other.query("UPDATE workflow_runs SET outputs = 'other' WHERE id = $1", [runId(2)]);
  const pids = await pool.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  // takes the row 1, then waits for the row 2
  const ours = pool.query(
    `WITH first AS MATERIALIZED (SELECT id FROM workflow_runs WHERE id = $1 FOR UPDATE),
          second AS MATERIALIZED (SELECT r.id FROM workflow_runs r, first WHERE r.id = $2 FOR UPDATE OF r)
     UPDATE workflow_runs SET outputs = 'ours' WHERE id IN (SELECT id FROM first UNION ALL SELECT id FROM second)`,
    [runId(1), runId(2)],
  );
  await expect
    .poll(
      async () =>
        (
          await archive.sql.query(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND application_name = 'log-archive'",
          )
        ).rowCount,
      { timeout: 20_000 },
    )
    .toBe(1);
  await other.query("UPDATE workflow_runs SET outputs = 'other' WHERE id = $1", [runId(1)]);
  await other.query("COMMIT");
  await other.end();
  await ours;
  expect(pids.rows).toHaveLength(1);
  const { rows } = await archive.sql.query<{ deadlocks: number }>(
    "SELECT pg_stat_get_db_deadlocks(oid)::int AS deadlocks FROM pg_database WHERE datname = current_database()",
  );
  expect(rows[0]!.deadlocks).toBeGreaterThanOrEqual(1);
  for (const number of [1, 2]) expect(await row(archive, number)).toBe("ours");
});

test("a statement inside of a transaction is not tried again by itself: all of it was taken back", async () => {
  await failing("workflow_runs", "40001", 1);
  const client = await pool.connect();
  await client.query("BEGIN");
  await expect(client.query("DELETE FROM workflow_runs")).rejects.toMatchObject({ code: "40001" });
  await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "25P02" });
  await client.query("ROLLBACK");
  client.release();
});

test.each(["40001", "40P01"])(
  "%s: what fails for good is thrown after some attempts, and other errors at once",
  async (code) => {
    await failing("workflow_runs", code, 1_000);
    await expect(pool.query("DELETE FROM workflow_runs")).rejects.toMatchObject({ code });
    expect(await failed()).toBe(10);
    await expect(pool.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
  },
);

test.each([
  ["checkpoints", "40P01"],
  ["partitions", "40001"],
  ["runs", "40001"],
  ["archive", "40P01"],
])("migrate goes on when a write into log_archive.%s loses to others (%s)", async (table, code) => {
  await migrateOnce(archive);
  await saveRun(archive, 4, "2025-08-20 10:00", "new");
  await failing(`log_archive.${table}`, code, 3);
  expect(await migrateOnce(archive)).toMatchObject({ status: "completed", totals: { migrated: 1 } });
  expect(await failed()).toBeGreaterThan(3);
});

test.each([
  ["dirty_rows", "apply-dirty"],
  ["validation_progress", "validate"],
  ["purged_rows", "restore"],
  ["restores", "restore"],
] as const)(
  "a write into log_archive.%s that loses to others is repeated by %s, and counted once",
  async (table, command) => {
    await installOnce(archive);
    await migrateOnce(archive);
    if (command === "apply-dirty") {
      await changeRun(archive, 1, "changed");
      await failing("log_archive.dirty_rows", "40P01", 3, "DELETE");
      expect(await applyOnce(archive)).toMatchObject({ status: "completed", totals: { entries: 1, applied: 1 } });
      expect(await waitingNotes(archive)).toBe(0);
    } else if (command === "validate") {
      await failing(`log_archive.${table}`, "40P01", 3);
      const report = await validateOnce(archive, { level: "full" });
      expect(report).toMatchObject({ status: "match", byDataType: { workflow_runs: { checked: 3, matched: 3 } } });
    } else {
      await cleanupOnce(archive, { tenantId });
      await failing(`log_archive.${table}`, "40P01", 3);
      const report = await restoreOnce(archive, tenantId);
      expect(report).toMatchObject({ status: "completed", byTable: { workflow_runs: { restored: 3 } } });
    }
    expect(await failed()).toBeGreaterThan(3);
  },
);
