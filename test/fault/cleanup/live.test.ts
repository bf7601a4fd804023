import { setTimeout as sleep } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import { type AppProcess, runApp, startApp } from "../../support/app-process.ts";
import { cleanupOnce, deletedRows } from "../../support/cleanup-archive.ts";
import { insertNode, insertRun } from "../../support/insert-run.ts";
import { afterPurge, readAllRows, type Rows } from "../../support/purge-oracle.ts";
import { createTestArchive, migrateOnce, type TestArchive, writes } from "../../support/test-archive.ts";

const full = process.env["TEST_FULL"] === "1";
const kills = full ? 40 : 3;
const seed = process.env["TEST_SEED"] ?? "1";

let archive: TestArchive;
let tenantId: string;
let rowsBefore: Rows;
const running = new Set<AppProcess>();
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: full ? 12_000 : 1200, tenants: 1, months: 2 });
  const { rows } = await archive.sql.query<{ id: string }>("SELECT tenant_id::text AS id FROM workflow_runs LIMIT 1");
  tenantId = rows[0]!.id;
  await migrateOnce(archive);
  rowsBefore = await readAllRows(archive.sql);
});
afterEach(async () => {
  for (const { child, end } of running) {
    child.kill("SIGKILL");
    await end;
  }
  running.clear();
  await archive.drop();
});

/** Small transactions, so that there are many moments to be ended at. */
const command = (): string[] => {
  const which = ["--tenant-id", tenantId, "--before-date", "2026-01-01"];
  return ["elasticsearch", "cleanup-pg", ...which, "--batch-size", "5", "--yes", "--allow-unreplicated", "--json"];
};

function start(): AppProcess {
  const app = startApp(archive, command());
  running.add(app);
  return app;
}

async function journalled(): Promise<number> {
  const { rows } = await archive.sql.query<{ made: boolean; rows: number }>(
    "SELECT to_regclass('log_archive.purged_rows') IS NOT NULL AS made",
  );
  if (rows[0]?.made !== true) return 0;
  const { rows: counted } = await archive.sql.query<{ rows: number }>(
    "SELECT count(*)::int AS rows FROM log_archive.purged_rows",
  );
  return counted[0]!.rows;
}

async function untilJournalled(rows: number): Promise<void> {
  const giveUp = performance.now() + 60_000;
  while ((await journalled()) <= rows) {
    if (performance.now() > giveUp) throw new Error(`No more than ${rows} rows were deleted within a minute`);
    await sleep(10);
  }
}

test(`kill -9 at ${kills} random moments loses nothing, and the same command goes on (TEST_SEED=${seed})`, async () => {
  const prng = createPrng(`purge-kill/${seed}`);
  for (let kill = 0; kill < kills; kill++) {
    const app = start();
    await untilJournalled(await journalled());
    await sleep(prng.integer(0, 150));
    app.child.kill("SIGKILL");
    await app.end;
    const { gone, problems } = await afterPurge(archive.sql, archive, rowsBefore);
    expect(problems).toEqual([]);
    expect([...gone.values()].reduce((sum, ids) => sum + ids.size, 0)).toBe(await journalled());
  }
  const written = await writes(archive);

  const last = await runApp(archive, command());

  expect(last).toMatchObject({ code: 0 });
  expect((await afterPurge(archive.sql, archive, rowsBefore)).problems).toEqual([]);
  const { rows: left } = await archive.sql.query("SELECT name FROM log_archive.key_tables");
  expect(left).toEqual([]);
  const { rows: states } = await archive.sql.query("SELECT DISTINCT state FROM log_archive.partitions");
  expect(states).toEqual([{ state: "purged" }]);
  await migrateOnce(archive);
  expect(await writes(archive)).toBe(written);
});

test("SIGINT ends it between two transactions with exit code 130 and its counts, and the same command goes on", async () => {
  const app = start();
  await untilJournalled(20);
  app.child.kill("SIGINT");

  const end = await app.end;

  expect(end).toMatchObject({ code: 130 });
  const report = JSON.parse(end.stdout) as Parameters<typeof deletedRows>[0] & { status: string };
  expect(report.status).toBe("interrupted");
  const { workflow_node_execution_offload: _offloads, ...ofRows } = report.byTable;
  expect(deletedRows({ byTable: ofRows })).toBe(await journalled());
  expect((await afterPurge(archive.sql, archive, rowsBefore)).problems).toEqual([]);
  expect(await runApp(archive, command())).toMatchObject({ code: 0 });
});

test("an application that writes into the same tables sees no error and waits for no lock longer than a transaction may take", async () => {
  const stop = new AbortController();
  const waits: number[] = [];
  const ids = await archive.sql.query<{ run: string; node: string }>(
    "SELECT r.id::text AS run, n.id::text AS node FROM workflow_runs r JOIN workflow_node_executions n ON n.workflow_run_id = r.id ORDER BY n.id",
  );
  const application = Array.from({ length: 2 }, async (_, at) => {
    const prng = createPrng(`application/${at}`);
    const sql = new Client({ connectionString: archive.databaseUrl });
    await sql.connect();
    const timed = async (work: () => Promise<unknown>): Promise<void> => {
      const started = performance.now();
      await work();
      waits.push(performance.now() - started);
    };
    while (!stop.signal.aborted) {
      const { run, node } = prng.pick(ids.rows);
      // rows that are being purged, then a run of today
      await timed(() => sql.query("UPDATE workflow_runs SET total_steps = total_steps WHERE id = $1", [run]));
      await timed(() => sql.query("UPDATE workflow_node_executions SET title = title WHERE id = $1", [node]));
      await timed(() => insertRun(sql, { tenantId, createdAt: new Date().toISOString(), status: "running" }));
      await timed(() => insertNode(sql, { tenantId, runId: randomUUID(), createdAt: new Date().toISOString() }));
    }
    await sql.end();
  });

  const report = await cleanupOnce(archive, { tenantId });
  stop.abort();
  await Promise.all(application); // no statement failed

  expect(deletedRows(report)).toBeGreaterThan(1000);
  expect(waits.length).toBeGreaterThan(50);
  // a transaction takes 200 ms, the rest is this machine's
  expect(Math.max(...waits)).toBeLessThan(1000);
  const { problems } = await afterPurge(archive.sql, archive, rowsBefore);
  expect(problems).toEqual([]);
});
