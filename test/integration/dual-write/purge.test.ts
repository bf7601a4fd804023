import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { insertCheapRuns, testId } from "../../contract/workflow-runs/runs-archive.ts";
import { newRun } from "../../contract/workflow-runs/saves.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { startApplication, type TestApplication } from "../../support/dual-write.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { countRows, createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { restoreOnce } from "../restore/restore-archive.ts";

const tenantId = testId("purged tenant");
const appId = testId("purged app");
const runs = 600;
const list = { tenantId, appId, triggeredFrom: "app-run" };

let archive: TestArchive;
let proxy: FaultProxy;
let application: TestApplication;

beforeEach(async () => {
  archive = await createTestArchive({ tenants: 1 });
  proxy = await startFaultProxy(archive.elasticsearchUrl);
  await insertCheapRuns(archive.sql, {
    tenantId,
    appId,
    count: runs,
    status: "'succeeded'",
    createdAt: "timestamp '2025-07-01' + n * interval '3 hours'",
  });
  await archive.sql.query("UPDATE workflow_runs SET finished_at = created_at + interval '1 minute'");
  await migrateOnce(archive);
  application = await startApplication({ ...archive, elasticsearchUrl: proxy.url });
  await application.setModes(tenantId, { write: "both", read: "postgres" });
});
afterEach(async () => {
  proxy.set({ kind: "reset" });
  await application.drop();
  await proxy.close();
  await archive.drop();
});

/** What is true of all runs, wherever they are. */
async function expectAll(): Promise<void> {
  const { runs: repository } = application;
  expect(await repository.getWorkflowRunsCount(list)).toMatchObject({ total: runs, succeeded: runs });
  const { data } = await repository.getPaginatedWorkflowRuns({ ...list, limit: 1000 });
  expect(new Set(data.map(({ id }) => id)).size).toBe(runs);
  expect(data).toHaveLength(runs);
  const days = await repository.getDailyRunsStatistics(list);
  expect(days.reduce((sum, day) => sum + day.runs, 0)).toBe(runs);
  const last = data.at(-1)!;
  expect(await repository.getWorkflowRunByIdWithoutTenant(last.id)).toEqual(last);
}

async function expectAllWhile(work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const working = work.finally(() => ended.abort());
  let reads = 0;
  for (; !ended.signal.aborted; reads++) await expectAll();
  await working;
  expect(reads).toBeGreaterThan(1);
}

describe("reads from PostgreSQL while cleanup-pg deletes rows", () => {
  it("miss none and count none twice, before, during, after, and when they are restored", async () => {
    await expectAll();
    await expectAllWhile(cleanupOnce(archive, { tenantId, batchRows: 20 }));
    expect(await countRows(archive.sql, "workflow_runs")).toBe(0);
    await expectAll();
    await expectAllWhile(restoreOnce(archive, tenantId, { batchRows: 20 }));
    expect(await countRows(archive.sql, "workflow_runs")).toBe(runs);
    await expectAll();
  });

  it("miss none when a purged month is written again", async () => {
    await cleanupOnce(archive, { tenantId });
    const late = newRun({ tenantId, appId: testId("late app"), createdAt: "2025-07-02T00:00:00.000000Z" });
    await application.executions.save(late);
    await migrateOnce(archive);
    await expectAll();
  });

  it("need Elasticsearch for what it alone has, and say so", async () => {
    await cleanupOnce(archive, { tenantId });
    proxy.set({ kind: "reset" });
    await expect(application.runs.getWorkflowRunsCount(list)).rejects.toMatchObject({
      code: "elasticsearch_unreachable",
    });
  });
});
