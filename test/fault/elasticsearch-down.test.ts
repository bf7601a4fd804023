import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runApp, startApp } from "../support/app-process.ts";
import { compareStores, type Stores } from "../support/compare-stores.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import {
  confirmedRows,
  copiedRows,
  countRows,
  createTestArchive,
  documentsByIndex,
  migrateOnce,
  type TestArchive,
  untilConfirmed,
  writes,
} from "../support/test-archive.ts";

let archive: TestArchive;
let proxy: FaultProxy;
/** The archive as seen through the proxy. */
let stores: Stores;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 700, tenants: 1, months: 1 });
  proxy = await startFaultProxy(archive.elasticsearchUrl);
  stores = { ...archive, elasticsearchUrl: proxy.url };
});
afterEach(async () => {
  await proxy.close();
  await archive.drop();
});

const slowly = { batchRows: 50, concurrency: 3, recordsPerSecond: 600 };

async function expectWholeArchive(): Promise<void> {
  expect((await compareStores(archive)).differences).toEqual([]);
  expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
}

test.each<[string, Fault, number]>([
  ["resets every connection", { kind: "reset" }, 800],
  ["takes requests and does not answer", { kind: "black_hole" }, 2500],
  ["answers half", { kind: "cut", afterBytes: 60 }, 800],
])("Elasticsearch %s for a while: the run survives", async (_, fault, millis) => {
  const run = migrateOnce(stores, { ...slowly, timeoutSeconds: 2 });
  run.catch(() => {}); // awaited below
  await untilConfirmed(archive.sql, 300); // in the midst of the largest partition
  proxy.set(fault);
  await sleep(millis);
  proxy.set({ kind: "pass" });

  expect(await run).toMatchObject({ status: "completed", errors: { total: 0 } });
  await expectWholeArchive();
});

test("Elasticsearch pauses when a run begins: it waits", async () => {
  await migrateOnce(stores);
  proxy.set({ kind: "black_hole" });
  const run = migrateOnce(stores, { timeoutSeconds: 1 });
  run.catch(() => {}); // awaited below
  await sleep(1200);
  proxy.set({ kind: "pass" });
  expect(await run).toMatchObject({ status: "completed", totals: { migrated: 0 } });
});

test("answers that come late and out of order change nothing", async () => {
  proxy.set({ kind: "delay", millis: 150 });
  expect(await migrateOnce(stores, { batchRows: 20, concurrency: 8 })).toMatchObject({ status: "completed" });
  await expectWholeArchive();
  expect(await writes(archive)).toBe(await countRows(archive.sql));
});

test.each<[string, Fault]>([
  ["resets every connection", { kind: "reset" }],
  ["does not answer any more", { kind: "black_hole" }],
])("Elasticsearch %s for good: one clear message, exit 1, and the next run goes on", async (_, fault) => {
  const rows = await countRows(archive.sql);
  proxy.set({ kind: "delay", millis: 100 }); // so that there are requests on their way when it happens
  const app = startApp(
    stores,
    ["elasticsearch", "migrate", "--batch-size", "50", "--max-rps", "600", "--no-progress"],
    { ELASTICSEARCH_TIMEOUT: "1", ELASTICSEARCH_MAX_RETRIES: "1" },
  );
  await untilConfirmed(archive.sql, 300); // in the midst of the largest partition
  proxy.set(fault);

  const end = await app.end;

  expect(end).toMatchObject({ code: 1, stdout: "" });
  expect(end.stderr.match(/^Error:/gm)).toHaveLength(1);
  expect(end.stderr).toMatch(/Elasticsearch.*(did not answer|cannot be reached|no answer)/i);
  expect(end.stderr).toMatch(/run the same command again|Start the server|raise ELASTICSEARCH_TIMEOUT/);
  expect(end.stderr).not.toMatch(/ {4}at |defect/); // no stack
  const { rows: runs } = await archive.sql.query("SELECT status FROM log_archive.runs");
  expect(runs).toEqual([{ status: "failed" }]);
  const confirmed = await confirmedRows(archive.sql);
  expect(confirmed).toBeGreaterThan(0);
  expect(confirmed).toBeLessThan(rows);

  expect(await runApp(archive, ["elasticsearch", "migrate"])).toMatchObject({ code: 0 });
  await expectWholeArchive();
  expect(await writes(archive)).toBeLessThanOrEqual(rows + 3 * 50 * 2);
});

test("Elasticsearch that is not there at all: one clear message, exit 1, and no log table is touched", async () => {
  proxy.set({ kind: "reset" });
  const end = await runApp(stores, ["elasticsearch", "migrate"], {
    ELASTICSEARCH_TIMEOUT: "1",
    ELASTICSEARCH_MAX_RETRIES: "1",
  });
  expect(end).toMatchObject({ code: 1, stdout: "" });
  expect(end.stderr).toMatch(/Elasticsearch/);
  expect(end.stderr).not.toMatch(/ {4}at |defect/);
  expect(await confirmedRows(archive.sql)).toBe(0);
});
