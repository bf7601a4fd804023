import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MigrateReport } from "../../../src/workflow-logs/copying/report.ts";
import { runAppHere } from "../../support/app-here.ts";
import { type AppProcess, startApp } from "../../support/app-process.ts";
import { installOnce } from "../../support/capture.ts";
import { compareStores, type Stores } from "../../support/compare-stores.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { insertRun } from "../../support/insert-run.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const tenantId = "11111111-1111-4111-8111-111111111111";
const command = ["elasticsearch", "migrate", "--follow", "--json"];

let archive: TestArchive;
const proxies: FaultProxy[] = [];
let app: AppProcess | undefined;
beforeEach(async () => {
  archive = await createTestArchive({});
  await insertRun(archive.sql, { tenantId });
});
afterEach(async () => {
  app?.child.kill("SIGKILL");
  await app?.end;
  app = undefined;
  for (const proxy of proxies.splice(0)) await proxy.close();
  await archive.drop();
});

async function proxied(url: string): Promise<FaultProxy> {
  const proxy = await startFaultProxy(url);
  proxies.push(proxy);
  return proxy;
}

function start(stores: Stores, args: readonly string[] = []): void {
  app = startApp(stores, [...command, ...args], { ELASTICSEARCH_MAX_RETRIES: "1", ELASTICSEARCH_TIMEOUT: "3" });
}

/** The report of the run as it is stored while it runs. */
async function reported(holds: (report: MigrateReport) => boolean): Promise<MigrateReport> {
  const giveUp = performance.now() + 60_000;
  for (;;) {
    const { rows } = await archive.sql.query<{ report: MigrateReport | null }>("SELECT report FROM log_archive.runs");
    expect(rows.length).toBeLessThanOrEqual(1); // it goes on as the same run
    const report = rows[0]?.report;
    if (report != null && holds(report)) return report;
    if (performance.now() > giveUp) throw new Error(`Not reported in time: ${JSON.stringify(report)}`);
    await sleep(100);
  }
}

async function untilApplied(): Promise<void> {
  const giveUp = performance.now() + 60_000;
  for (;;) {
    const { rows } = await archive.sql.query<{ rows: number }>(
      "SELECT count(*)::int AS rows FROM log_archive.dirty_rows",
    );
    if (rows[0]!.rows === 0) return;
    if (performance.now() > giveUp) throw new Error("Dirty rows are left");
    await sleep(100);
  }
}

async function expectEqual(): Promise<void> {
  await untilApplied();
  expect((await compareStores(archive)).differences).toEqual([]);
}

test("follows what is written, says how far it is behind, and ends cleanly", async () => {
  await installOnce(archive);
  start(archive, ["--follow-deletes"]);
  await reported(({ following }) => following !== undefined);
  const { runId, nodeIds } = await insertRun(archive.sql, { tenantId, createdAt: "2025-11-11" });
  await expectEqual();
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x' WHERE id = $1", [runId]);
  await archive.sql.query("DELETE FROM workflow_node_executions WHERE id = $1", [nodeIds[0]]);
  await expectEqual();

  app!.child.kill("SIGTERM");
  const end = await app!.end;

  expect(end).toMatchObject({ code: 143 });
  expect(JSON.parse(end.stdout)).toMatchObject({
    status: "interrupted",
    totals: { migrated: 3 },
    dirty: { totals: { applied: 5, deleted: 1 }, remaining: { rows: 0, oldestSeconds: null } },
    following: { since: expect.stringMatching(/Z$/) as string, lagRows: 0, lagSeconds: 0 },
    warnings: [],
  });
  const { rows } = await archive.sql.query("SELECT status FROM log_archive.runs");
  expect(rows).toEqual([{ status: "interrupted" }]);
});

test("PostgreSQL goes away and comes back: the run goes on, with a warning", async () => {
  await installOnce(archive);
  const proxy = await proxied(archive.databaseUrl);
  start({ ...archive, databaseUrl: proxy.url });
  await reported(({ following }) => following !== undefined);

  proxy.set({ kind: "reset" });
  await insertRun(archive.sql, { tenantId, createdAt: "2025-11-11" });
  await sleep(2500);
  proxy.set({ kind: "pass" });

  await expectEqual();
  const { warnings } = await reported((report) => report.warnings.length > 0);
  expect(warnings[0]).toMatch(/PostgreSQL.*Went on/);
  app!.child.kill("SIGINT");
  expect(await app!.end).toMatchObject({ code: 130 });
});

test("Elasticsearch goes away and comes back: the run goes on, with a warning", async () => {
  await installOnce(archive);
  const proxy = await proxied(archive.elasticsearchUrl);
  start({ ...archive, elasticsearchUrl: proxy.url });
  await reported(({ following }) => following !== undefined);

  proxy.set({ kind: "reset" });
  await insertRun(archive.sql, { tenantId, createdAt: "2025-11-11" });
  const { warnings } = await reported((report) => report.warnings.length > 1);
  expect(warnings[0]).toMatch(/Elasticsearch.*Went on/);
  proxy.set({ kind: "pass" });

  await expectEqual();
  app!.child.kill("SIGINT");
  expect(await app!.end).toMatchObject({ code: 130 });
});

test("needs capture, and --follow-deletes needs --follow; nothing is touched without", async () => {
  const withoutCapture = await runAppHere(archive, command);
  expect(withoutCapture).toMatchObject({ code: 2 });
  expect(JSON.parse(withoutCapture.stdout)).toMatchObject({
    error: { code: "capture_missing", hint: expect.stringContaining("capture install") as string },
  });
  const withoutFollow = await runAppHere(archive, ["elasticsearch", "migrate", "--follow-deletes"]);
  expect(withoutFollow).toMatchObject({ code: 2, stderr: expect.stringContaining("--follow-deletes") as string });
  const { rows } = await archive.sql.query("SELECT to_regnamespace('log_archive') AS state");
  expect(rows).toEqual([{ state: null }]);
});
