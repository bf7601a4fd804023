import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newRun } from "../../contract/workflow-runs/saves.ts";
import { newLog } from "../../contract/app-logs/logs-archive.ts";
import { newNode } from "../../contract/node-executions/nodes-archive.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { dirtyRecords, startApplication, type TestApplication } from "../../support/dual-write.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { countRows, createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const both = { write: "both", read: "postgres" } as const;
/** Far beyond any test: what resolves before has not waited for a time-out. */
const never = 3_600_000;

let archive: TestArchive;
let proxy: FaultProxy;
let application: TestApplication;
const { tenantId } = newRun();

beforeEach(async () => {
  archive = await createTestArchive({ tenants: 1 });
  proxy = await startFaultProxy(archive.elasticsearchUrl);
});
afterEach(async () => {
  proxy.set({ kind: "reset" }); // or closing waits for requests that are never answered
  await application.drop();
  await proxy.close();
  await archive.drop();
});

async function start(
  options: Parameters<typeof startApplication>[1],
  settings?: Parameters<typeof startApplication>[2],
): Promise<void> {
  application = await startApplication({ ...archive, elasticsearchUrl: proxy.url }, options, settings);
  await application.setModes(tenantId, both);
}

/**
 * As a platform does: a run is saved when it begins and when it ends, in between its nodes, each twice, and at last its
 * log.
 */
async function saveRuns(count: number): Promise<void> {
  const { executions, nodes, logs } = application;
  const runs = Array.from({ length: count }, (_, at) =>
    newRun({ createdAt: `2025-0${1 + (at % 3)}-11T10:00:00.00000${at % 10}Z` }),
  );
  await Promise.all(
    runs.map(async (run) => {
      const ofRun = { tenantId, appId: run.appId, workflowRunId: run.id, createdAt: run.createdAt };
      await executions.save(run);
      for (const index of [1, 2]) {
        const node = newNode(`node ${index} of ${run.id}`, { ...ofRun, index });
        await nodes.save(node);
        await nodes.saveExecutionData({ ...node, outputs: '{"text": "你好"}' });
      }
      await executions.save({ ...run, status: "succeeded", outputs: '{"answer": 42}' });
      await logs.saveAppLog(newLog(`log of ${run.id}`, ofRun));
    }),
  );
}

/** The run, two nodes and a log. */
const logsOfRun = 4;

/** How many different logs are noted as dirty rows by the application, not by capture. */
async function notedRecords(): Promise<number> {
  return new Set((await dirtyRecords(archive.sql)).filter((name) => name.startsWith("T "))).size;
}

describe.each([
  { capture: true, runs: 1000 },
  { capture: false, runs: 200 },
])("an application that writes $runs runs with their nodes and logs, capture $capture", ({ capture, runs }) => {
  it("never waits for Elasticsearch nor fails with it, and both stores are equal in the end", async () => {
    if (capture) await installOnce(archive);
    await start({ budgetMillis: never, queueCapacity: runs / 4 });
    const part = runs / 5;

    proxy.set({ kind: "black_hole" });
    await saveRuns(2 * part); // would never resolve if one of them waited for an answer
    expect(application.dualWrite.stats()).toMatchObject({ written: 0, failed: 0 });
    expect(application.dualWrite.stats().queued).toBe(runs / 4);
    expect(application.dualWrite.stats().dropped).toBeGreaterThan(0);

    proxy.set({ kind: "reset" });
    await saveRuns(2 * part);
    await application.dualWrite.idle();
    const { failed, dropped, dirty, written } = application.dualWrite.stats();
    expect({ written, waiting: dirty.waiting, lost: dirty.lost }).toEqual({ written: 0, waiting: 0, lost: 0 });
    expect(failed + dropped).toBeGreaterThanOrEqual(4 * part * logsOfRun); // one write may stand for several of a log
    expect(await notedRecords()).toBe(4 * part * logsOfRun);

    proxy.set({ kind: "pass" });
    await saveRuns(part);
    await application.dualWrite.idle();
    expect(application.dualWrite.stats().written).toBeGreaterThan(0);

    expect(await countRows(archive.sql, "workflow_runs")).toBe(runs);
    const report = await applyOnce(archive, { untilEmpty: true });
    expect(report).toMatchObject({ status: "completed", remaining: { rows: 0 } });
    expect(await compareStores(archive)).toEqual({ differences: [], documents: runs * logsOfRun, recordErrors: 0 });
  });
});

describe("a full queue", () => {
  it("drops what comes, by name, and holds no more than it may", async () => {
    await start({ budgetMillis: never, queueCapacity: 10 });
    proxy.set({ kind: "black_hole" });
    for (let at = 0; at < 30; at++) await application.executions.save(newRun());
    const { queued, dropped } = application.dualWrite.stats();
    expect({ queued, dropped }).toEqual({ queued: 10, dropped: 20 });
    while (application.dualWrite.stats().dirty.recorded < 20) await new Promise(setImmediate);
    expect(await dirtyRecords(archive.sql)).toHaveLength(20);
    proxy.set({ kind: "reset" });
  });

  it("is not filled by many writes of one run", async () => {
    await start({ budgetMillis: never, queueCapacity: 10 });
    proxy.set({ kind: "black_hole" });
    const run = newRun();
    for (let n = 0; n < 50; n++) await application.executions.save({ ...run, totalTokens: BigInt(n) });
    expect(application.dualWrite.stats()).toMatchObject({ dropped: 0 });
    expect(application.dualWrite.stats().queued).toBeLessThanOrEqual(2);
    proxy.set({ kind: "reset" });
  });
});

describe("a process that ends", () => {
  it("writes what is queued", async () => {
    await start({});
    for (let at = 0; at < 20; at++) await application.executions.save(newRun());
    await application.dualWrite.close();
    expect(application.dualWrite.stats()).toMatchObject({ queued: 0, written: 20, dropped: 0 });
    expect((await compareStores(archive)).differences).toEqual([]);
  });

  it("waits no longer than its time for an Elasticsearch that does not answer, and leaves dirty rows", async () => {
    await start({ budgetMillis: never, closeMillis: 200 });
    proxy.set({ kind: "black_hole" });
    for (let at = 0; at < 20; at++) await application.executions.save(newRun());
    await application.dualWrite.close();
    expect(application.dualWrite.stats()).toMatchObject({ queued: 0, dropped: 20, dirty: { recorded: 20, lost: 0 } });
    proxy.set({ kind: "pass" });
    await applyOnce(archive, { untilEmpty: true });
    expect(await compareStores(archive)).toMatchObject({ differences: [], documents: 20 });
  });
});

describe("dirty rows that PostgreSQL does not take", () => {
  beforeEach(async () => {
    await start({ closeMillis: 300 });
    proxy.set({ kind: "reset" });
    await archive.sql.query("ALTER TABLE log_archive.dirty_rows RENAME TO away");
    await application.executions.save(newRun());
    await application.dualWrite.writes.idle();
  });

  it("are noted as soon as it does", async () => {
    expect(application.dualWrite.stats().dirty).toEqual({ recorded: 0, waiting: 1, lost: 0 });
    await archive.sql.query("ALTER TABLE log_archive.away RENAME TO dirty_rows");
    await application.dualWrite.idle();
    expect(application.dualWrite.stats().dirty).toEqual({ recorded: 1, waiting: 0, lost: 0 });
    expect(await dirtyRecords(archive.sql)).toHaveLength(1);
  });

  it("are a gap when the process ends before", async () => {
    await application.dualWrite.close();
    expect(application.dualWrite.stats().dirty).toEqual({ recorded: 0, waiting: 0, lost: 1 });
    const { rows } = await archive.sql.query("SELECT is_called FROM log_archive.capture_gaps");
    expect(rows).toEqual([{ is_called: true }]);
  });
});

describe("a save that PostgreSQL refuses", () => {
  it("is the caller's failure, and nothing goes to Elasticsearch", async () => {
    await start({});
    const theirs = newRun({ tenantId: "11111111-1111-4111-8111-111111111111" });
    await application.executions.save(theirs);
    await expect(application.executions.save(newRun({ id: theirs.id }))).rejects.toMatchObject({
      code: "other_tenant",
    });
    await expect(application.executions.save(newRun({ createdAt: "now" }))).rejects.toMatchObject({
      code: "invalid_created_at",
    });
    expect(application.dualWrite.stats()).toMatchObject({ queued: 0, written: 0, failed: 0, dropped: 0 });
  });
});

describe("Elasticsearch is away and a tenant is written there", () => {
  const limit = 1.5;
  const code = {
    black_hole: "save_timeout",
    reset: expect.stringMatching(/^(save_timeout|elasticsearch_unreachable)$/),
  };

  it.each(["black_hole", "reset"] as const)("(%s) a save fails within its limit, and can be repeated", async (kind) => {
    await start({}, { saveTimeoutSeconds: 3600 });
    await application.setModes(tenantId, { write: "elasticsearch", read: "elasticsearch" });
    const hasty = await startApplication(
      { ...archive, elasticsearchUrl: proxy.url },
      {},
      { saveTimeoutSeconds: limit, maxRetries: 50 },
    );
    const [run, log] = [newRun({ id: randomUUID() }), newLog(`log ${kind}`, { tenantId })];
    const node = newNode(`node ${kind}`, { tenantId });
    const saveAll = (by: TestApplication): Promise<void>[] => [
      by.executions.save(run),
      by.nodes.save(node),
      by.logs.saveAppLog(log),
    ];
    proxy.set({ kind });
    const failed = saveAll(hasty).map((save) => expect(save).rejects.toMatchObject({ code: code[kind] }));
    await Promise.all(failed);
    proxy.set({ kind: "pass" });
    await Promise.all(saveAll(application));
    expect(await countRows(archive.sql)).toBe(0);
    expect((await application.runs.getWorkflowRunByIdAndTenantId(tenantId, run.id))?.id).toBe(run.id);
    proxy.set({ kind: "reset" });
    await hasty.drop();
  });

  it("those that wait are freed by a rollback, and saved where the tenant is written then", async () => {
    await start({}, { saveTimeoutSeconds: 3600 });
    await application.setModes(tenantId, { write: "elasticsearch", read: "postgres" });
    await application.executions.save(newRun({ id: randomUUID() }));
    proxy.set({ kind: "black_hole" });
    const saves = Array.from({ length: 5 }, () => application.executions.save(newRun({ id: randomUUID() })));
    await sleep(300);
    await application.setModes(tenantId, both);
    await Promise.all(saves);
    expect(await countRows(archive.sql, "workflow_runs")).toBe(5);
    proxy.set({ kind: "pass" });
  });

  it("a delete fails within the limit of a save and deletes nothing, or does not wait at all", async () => {
    await start({}, { saveTimeoutSeconds: 3600 });
    const runs = [newRun({ id: randomUUID() }), newRun({ id: randomUUID() })];
    for (const run of runs) await application.executions.save(run);
    await application.dualWrite.idle();
    proxy.set({ kind: "black_hole" });
    expect(await application.runs.deleteRunsByIds(tenantId, [runs[0]!.id])).toBe(1);
    const hasty = await startApplication(
      { ...archive, elasticsearchUrl: proxy.url },
      {},
      { saveTimeoutSeconds: limit },
    );
    await hasty.setModes(tenantId, { write: "both", read: "elasticsearch" });
    const deletes = hasty.runs.deleteRunsByIds(tenantId, [runs[1]!.id]);
    await expect(deletes).rejects.toMatchObject({ code: "elasticsearch_timeout" });
    expect(await countRows(archive.sql, "workflow_runs")).toBe(1);
    proxy.set({ kind: "reset" });
    await hasty.drop();
  });
});
