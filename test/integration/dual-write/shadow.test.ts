import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newRun } from "../../contract/workflow-runs/saves.ts";
import { newLog } from "../../contract/app-logs/logs-archive.ts";
import { startApplication, type TestApplication } from "../../support/dual-write.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const { tenantId, appId } = newRun();
const list = { tenantId, appId, triggeredFrom: "app-run" };

let archive: TestArchive;
let proxy: FaultProxy;
let application: TestApplication;
let warnings: { fields: object; message: string }[];

beforeEach(async () => {
  archive = await createTestArchive({ tenants: 1 });
  proxy = await startFaultProxy(archive.elasticsearchUrl);
  await start({});
});
afterEach(async () => {
  proxy.set({ kind: "reset" });
  await application.drop();
  await proxy.close();
  await archive.drop();
});

async function start(shadow: { share?: number; concurrency?: number; timeoutMillis?: number }): Promise<void> {
  warnings = [];
  application = await startApplication(
    { ...archive, elasticsearchUrl: proxy.url },
    {
      logger: { warn: (fields, message) => void warnings.push({ fields, message }) },
      shadow: { share: 1, concurrency: 4, timeoutMillis: 30_000, pauseMillis: 50, ...shadow },
    },
  );
  await application.setModes(tenantId, { write: "both", read: "shadow" });
}

async function saveRun(): Promise<string> {
  const run = newRun({ inputs: '{"secret": "word"}' });
  await application.executions.save(run);
  await application.dualWrite.idle();
  return run.id;
}

async function stats(): Promise<object> {
  await application.dualWrite.idle();
  return application.dualWrite.stats().shadow;
}

async function changeDocument(id: string, doc: object): Promise<void> {
  const index = `${archive.prefix}-workflow-runs-${tenantId}-2025.05`;
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${archive.elasticsearchUrl}/${index}/_update/${id}`, {
    method: "POST",
    headers,
    body: JSON.stringify({ doc }),
  });
  expect(answer.status).toBe(200);
}

describe("reads in mode shadow", () => {
  it("are compared, of every kind, and equal answers are no news", async () => {
    const id = await saveRun();
    const { runs } = application;
    await runs.getPaginatedWorkflowRuns(list);
    await runs.getWorkflowRunsCount(list);
    await runs.getDailyRunsStatistics(list);
    await runs.getAverageAppInteractionStatistics(list);
    await stats();
    await runs.getWorkflowRunByIdAndTenantId(tenantId, id);
    expect(await stats()).toEqual({ compared: 5, mismatched: 0, undecided: 0, failed: 0, timedOut: 0, skipped: 0 });
    expect(warnings).toEqual([]);
  });

  it("do not call what a search does not show yet a difference", async () => {
    await saveRun();
    await application.runs.getWorkflowRunsCount(list); // its index is refreshed every 30 seconds
    expect(await stats()).toMatchObject({ compared: 1, mismatched: 0, undecided: 0 });
  });

  it("name the logs and fields that differ, never what these say", async () => {
    const [same, changed] = [await saveRun(), await saveRun()];
    await changeDocument(changed, { status: "failed", inputs: '{"other": "thing"}' });
    await application.runs.getWorkflowRunByIdAndTenantId(tenantId, same);
    await application.runs.getWorkflowRunByIdAndTenantId(tenantId, changed);
    await stats();
    await application.runs.getPaginatedWorkflowRuns(list);
    await application.runs.getWorkflowRunsCount(list);
    expect(await stats()).toMatchObject({ compared: 4, mismatched: 3 });
    const fields = warnings.map((warning) => warning.fields);
    expect(fields).toContainEqual({
      method: "getWorkflowRunByIdAndTenantId",
      tenantId,
      ids: [changed],
      fields: ["inputs", "status"],
    });
    expect(fields).toContainEqual({
      method: "getPaginatedWorkflowRuns",
      tenantId,
      ids: [changed],
      fields: ["inputs", "status"],
    });
    expect(fields).toContainEqual({
      method: "getWorkflowRunsCount",
      tenantId,
      ids: [],
      fields: ["failed", "running"],
    });
    expect(JSON.stringify(warnings)).not.toMatch(/secret|word|thing/);
  });

  it("say which logs one store lacks", async () => {
    const id = await saveRun();
    await application.connections.elasticsearch.indices.refresh({ index: `${archive.prefix}-*` });
    await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [id]);
    await application.runs.getPaginatedWorkflowRuns(list);
    expect(await stats()).toMatchObject({ mismatched: 1 });
    expect(warnings[0]?.fields).toMatchObject({ ids: [id], fields: ["id"] });
  });

  it("decide nothing while changed rows of the tenant wait", async () => {
    const id = await saveRun();
    await archive.sql.query("UPDATE workflow_runs SET status = 'stopped' WHERE id = $1", [id]);
    await archive.sql.query(
      "INSERT INTO log_archive.dirty_rows (data_type, record_id, operation, tenant_id) VALUES ('workflow_runs', $1, 'T', $2)",
      [id, tenantId],
    );
    await application.runs.getWorkflowRunByIdAndTenantId(tenantId, id);
    expect(await stats()).toMatchObject({ mismatched: 0, undecided: 1 });
  });

  it("leave out keywords, which the stores understand differently", async () => {
    const { logs } = application;
    await logs.saveAppLog(newLog("log in the shadow", { tenantId, appId }));
    await application.dualWrite.idle();
    await logs.countAppLogs({ tenantId, appId, keyword: "x" });
    await logs.getPaginatedAppLogs({ tenantId, appId, keyword: "x" });
    expect(await stats()).toMatchObject({ compared: 0 });
    await logs.getPaginatedAppLogs({ tenantId, appId });
    expect(await stats()).toMatchObject({ compared: 1, mismatched: 0 });
  });
});

describe("an Elasticsearch in the shadow", () => {
  it("never reaches the caller: its failures are counted", async () => {
    const id = await saveRun();
    proxy.set({ kind: "reset" });
    expect(await application.runs.getWorkflowRunByIdAndTenantId(tenantId, id)).toMatchObject({ id });
    expect(await stats()).toMatchObject({ compared: 0, failed: 1 });
  });

  it("that does not answer holds no more reads than allowed, and none of the callers", async () => {
    const id = await saveRun();
    await application.drop();
    await start({ concurrency: 2, timeoutMillis: 100 });
    proxy.set({ kind: "black_hole" });
    for (let n = 0; n < 5; n++)
      expect(await application.runs.getWorkflowRunByIdAndTenantId(tenantId, id)).toMatchObject({ id });
    while (application.dualWrite.stats().shadow.timedOut < 2) await new Promise(setImmediate);
    expect(application.dualWrite.stats().shadow).toMatchObject({ timedOut: 2, skipped: 3, compared: 0 });
  });

  it("is asked a share of the reads, and nothing of tenants in other modes", async () => {
    const id = await saveRun();
    await application.drop();
    await start({ share: 0 });
    await application.runs.getWorkflowRunByIdAndTenantId(tenantId, id);
    await application.setModes(tenantId, { write: "both", read: "postgres" });
    await application.runs.getWorkflowRunByIdAndTenantId(tenantId, id);
    expect(await stats()).toMatchObject({ compared: 0, skipped: 0 });
  });
});
