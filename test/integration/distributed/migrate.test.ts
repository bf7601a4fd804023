import { afterEach, describe, expect, test } from "vitest";
import { type AppProcess, runApp, startApp } from "../../support/app-process.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { type AppWorker, endAll, newestRun, partsNow, startAppWorker, untilParts } from "../../support/distributed.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { until } from "../../support/scheduled-sweeps.ts";
import {
  copiedRows,
  countRows,
  createTestArchive,
  documentsByIndex,
  type TestArchive,
} from "../../support/test-archive.ts";

interface Report {
  runId: string;
  status: string;
  totals: { source: number; migrated: number; skipped: number; failed: number };
  byDataType: object;
  partitions: { total: number; done: number; remaining: number };
  errors: { total: number };
  batches: { failed: number };
}

const migrate = ["elasticsearch", "migrate", "--json", "--distributed", "--batch-size", "50"];

let archive: TestArchive;
const processes: AppProcess[] = [];
const proxies: FaultProxy[] = [];
afterEach(async () => {
  await endAll(processes.splice(0));
  for (const one of proxies.splice(0)) await one.close();
  await archive.drop();
});

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): AppProcess {
  const app = startApp(archive, args, env);
  processes.push(app);
  return app;
}

function worker(env: NodeJS.ProcessEnv = {}, elasticsearchUrl = archive.elasticsearchUrl): AppWorker {
  const app = startAppWorker({ ...archive, elasticsearchUrl }, env);
  processes.push(app);
  return app;
}

async function proxy(): Promise<FaultProxy> {
  const started = await startFaultProxy(archive.elasticsearchUrl);
  proxies.push(started);
  return started;
}

async function reportOf({ end }: AppProcess): Promise<Report & { code: number | null }> {
  const { code, stdout, stderr } = await end;
  if (stdout.trim() === "") throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Report), code };
}

async function expectCopiedOnce(rows: number, refused = 0): Promise<void> {
  const { differences, documents, recordErrors } = await compareStores(archive);
  expect(differences).toEqual([]);
  expect({ documents, recordErrors }).toEqual({ documents: rows - refused, recordErrors: refused });
  expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
}

test("workers copy what the command in one process would, with the same report", async () => {
  archive = await createTestArchive({ nodeExecutions: 300, tenants: 2, months: 1, unarchivable: true });
  const rows = await countRows(archive.sql);
  worker();
  worker({}, archive.elasticsearchUrl);

  const report = await reportOf(start(migrate));

  expect(report).toMatchObject({ code: 3, status: "completed_with_errors", errors: { total: 18 } });
  expect(report.totals).toMatchObject({ source: rows, migrated: rows - 18, skipped: 0, failed: 18 });
  expect(report.partitions).toMatchObject({ done: report.partitions.total, remaining: 0 });
  await expectCopiedOnce(rows, 18);
  const shown = JSON.parse((await runApp(archive, ["runs", "show", report.runId, "--json"])).stdout) as {
    sharing: { workers: unknown[]; parts: { total: number; done: number } };
  };
  expect(shown.sharing.workers).toHaveLength(2);
  expect(shown.sharing.parts).toMatchObject({ done: report.partitions.total, total: report.partitions.total });
  expect((await archive.sql.query("SELECT 1 FROM log_archive.key_tables")).rows).toEqual([]);
});

test("one of three workers is killed, one cut off from Elasticsearch: every row is counted and copied once", async () => {
  archive = await createTestArchive({ nodeExecutions: 1500, tenants: 3, months: 1 });
  const rows = await countRows(archive.sql);
  const [slow, cut] = [await proxy(), await proxy()];
  slow.set({ kind: "delay", millis: 60 });
  cut.set({ kind: "delay", millis: 60 });
  const env = { ELASTICSEARCH_TIMEOUT: "2", ELASTICSEARCH_MAX_RETRIES: "0" };
  const [killed, cutOff] = [worker(env, slow.url), worker(env, cut.url), worker(env, slow.url)];
  const coordinator = start(migrate);

  const names = await Promise.all([killed.name, cutOff.name]);
  await untilParts(archive.sql, "both have begun", (parts) =>
    names.every((name) => parts.some((part) => part.worker === name && part.migrated > 0)),
  );
  killed.child.kill("SIGKILL");
  cut.set({ kind: "black_hole" });
  const report = await reportOf(coordinator);

  expect(report).toMatchObject({ code: 0, status: "completed" });
  expect(report.totals).toMatchObject({ source: rows, migrated: rows, skipped: 0, failed: 0 });
  await expectCopiedOnce(rows);
  const parts = await partsNow(archive.sql);
  expect(parts.every(({ state }) => state === "done")).toBe(true);
  expect(parts.some(({ attempts }) => attempts > 1)).toBe(true);
});

test("the command is killed and goes on with --resume; its report is of the whole run", async () => {
  archive = await createTestArchive({ nodeExecutions: 1200, tenants: 2, months: 1 });
  const rows = await countRows(archive.sql);
  const slow = await proxy();
  slow.set({ kind: "delay", millis: 60 });
  worker({}, slow.url);
  const first = start(migrate);
  await untilParts(archive.sql, "something is copied", (parts) => parts.some(({ migrated }) => migrated > 100));
  const runId = await newestRun(archive.sql);
  expect((await runApp(archive, [...migrate, "--resume", runId])).code).toBe(2);
  first.child.kill("SIGKILL");
  await first.end;
  slow.set({ kind: "pass" });

  const report = await reportOf(start(["elasticsearch", "migrate", "--json", "--resume", runId]));

  expect(report).toMatchObject({ code: 0, runId, status: "completed" });
  expect(report.totals).toMatchObject({ source: rows, migrated: rows, skipped: 0, failed: 0 });
  await expectCopiedOnce(rows);
});

describe("controls hold over all workers", () => {
  test("abort: workers stop, the rest stays, and the next run goes on", async () => {
    archive = await createTestArchive({ nodeExecutions: 1200, tenants: 2, months: 1 });
    const rows = await countRows(archive.sql);
    const slow = await proxy();
    slow.set({ kind: "delay", millis: 100 });
    worker({}, slow.url);
    worker({}, slow.url);
    const coordinator = start(migrate);
    await untilParts(archive.sql, "something is copied", (parts) => parts.some(({ migrated }) => migrated > 0));

    expect((await runApp(archive, ["runs", "abort", await newestRun(archive.sql)])).code).toBe(0);
    const aborted = await reportOf(coordinator);

    expect(aborted.status).toBe("interrupted");
    expect((await partsNow(archive.sql)).filter(({ state }) => state === "working")).toEqual([]);
    const copied = Object.values(await copiedRows(archive.sql)).reduce((sum, count) => sum + count, 0);
    expect(aborted.totals.migrated).toBe(copied);
    const { rows: jobs } = await archive.sql.query<{ id: string }>(
      "SELECT id FROM log_archive_jobs.job WHERE name = 'run-partitions' AND state IN ('created', 'retry', 'active')",
    );
    expect(jobs).toEqual([]);
    slow.set({ kind: "pass" });
    const report = await reportOf(start(migrate));
    expect(report.totals).toMatchObject({ migrated: rows - copied, skipped: copied });
    await expectCopiedOnce(rows);
  });

  test("a rate is that of all workers together, and can be set; a pause stops all of them", async () => {
    archive = await createTestArchive({ nodeExecutions: 900, tenants: 3, months: 1 });
    const rows = await countRows(archive.sql);
    for (let count = 0; count < 3; count++) worker();
    const coordinator = start([...migrate, "--max-rps", "100"]);
    const migrated = async (): Promise<number> =>
      (await partsNow(archive.sql)).reduce((sum, part) => sum + part.migrated, 0);
    await untilParts(archive.sql, "all work", (parts) => new Set(parts.map((part) => part.worker)).size > 3);
    const [before, since] = [await migrated(), performance.now()];
    await until("some seconds pass", async () => performance.now() - since > 4000);
    const perSecond = ((await migrated()) - before) / ((performance.now() - since) / 1000);
    // no more than the rate, but for the batches in flight when it was begun to be counted
    expect(perSecond).toBeLessThan(150);
    expect(perSecond).toBeGreaterThan(0);

    const runId = await newestRun(archive.sql);
    await runApp(archive, ["runs", "pause", runId]);
    await until("the pause is obeyed", async () => performance.now() - since > 9000);
    const paused = await migrated();
    await until("some seconds pass", async () => performance.now() - since > 12_000);
    expect(await migrated()).toBe(paused);
    await runApp(archive, ["runs", "set", runId, "--max-rps", "off"]);
    await runApp(archive, ["runs", "resume", runId]);
    expect((await reportOf(coordinator)).totals).toMatchObject({ source: rows, migrated: rows });
    await expectCopiedOnce(rows);
  });
});

test("a worker of another archive takes nothing, and says why", async () => {
  archive = await createTestArchive({ nodeExecutions: 200, tenants: 1, months: 1 });
  const wrong = worker({ ELASTICSEARCH_INDEX_PREFIX: "another" });
  const other = worker({ ELASTICSEARCH_SEARCH_TEXT: "off" });
  const coordinator = start(migrate);
  await until("both have refused", async () => {
    const { rows } = await archive.sql
      .query<{ refusal: string | null }>("SELECT refusal FROM log_archive.run_workers")
      .catch(() => ({ rows: [] }));
    return rows.filter(({ refusal }) => refusal !== null).length === 2;
  });
  expect(await documentsByIndex(archive)).toEqual({});
  worker();

  const { code, stderr } = await coordinator.end;

  expect(code).toBe(0);
  expect(stderr).toMatch(/takes no part: ELASTICSEARCH_INDEX_PREFIX of this worker is another/);
  for (const { child, end } of [wrong, other]) {
    child.kill("SIGTERM");
    expect((await end).stderr).toMatch(/"level":"error".*takes nothing of run/);
  }
  await expectCopiedOnce(await countRows(archive.sql));
});
