import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newRun } from "../../contract/workflow-runs/saves.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { startApplication, type TestApplication } from "../../support/dual-write.ts";
import { type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";

const { tenantId, appId } = newRun();

let archive: TestArchive;
let proxy: FaultProxy;
let application: TestApplication;

beforeEach(async () => {
  archive = await createTestArchive({ tenants: 1 });
  proxy = await startFaultProxy(archive.elasticsearchUrl);
  application = await startApplication({ ...archive, elasticsearchUrl: proxy.url }, { closeMillis: 100 });
  await installOnce(archive);
  await application.setModes(tenantId, { write: "both", read: "postgres" });
});
afterEach(async () => {
  proxy.set({ kind: "reset" });
  await application.drop();
  await proxy.close();
  await archive.drop();
});

async function saveRuns(count: number): Promise<string[]> {
  const runs = Array.from({ length: count }, () =>
    newRun({ status: "succeeded", finishedAt: "2025-06-01T00:00:00.000000Z" }),
  );
  for (const run of runs) await application.executions.save(run);
  await application.dualWrite.idle();
  return runs.map(({ id }) => id);
}

async function requested(): Promise<number> {
  const { rows } = await archive.sql.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM log_archive.requested_deletes",
  );
  return rows[0]!.count;
}

async function documents(): Promise<number> {
  return (await compareStores(archive)).documents;
}

describe("a delete while Elasticsearch does not answer", () => {
  it("does not wait for it, and its documents go when it is back", async () => {
    const ids = await saveRuns(4);
    proxy.set({ kind: "reset" });
    expect(await application.runs.deleteRunsByIds(tenantId, ids.slice(0, 2))).toBe(2);
    expect(await application.runs.deleteRunsByApp(tenantId, appId)).toBe(2);
    expect(await documents()).toBe(4);
    expect(await requested()).toBe(2);
    proxy.set({ kind: "pass" });
    await application.dualWrite.idle();
    expect(await documents()).toBe(0);
    expect(await requested()).toBe(0);
  });

  it("is carried out by the next process when this one ends", async () => {
    const ids = await saveRuns(2);
    proxy.set({ kind: "reset" });
    await application.runs.deleteRunsByIds(tenantId, ids);
    await application.drop();
    expect(await documents()).toBe(2);
    application = await startApplication(archive);
    application.dualWrite.start();
    await application.dualWrite.idle();
    expect(await documents()).toBe(0);
  });

  it("is carried out by apply-dirty, which otherwise keeps documents of deleted rows", async () => {
    const ids = await saveRuns(3);
    proxy.set({ kind: "reset" });
    await application.runs.deleteRunsByIds(tenantId, ids.slice(0, 2));
    await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [ids[2]]);
    await application.dualWrite.close();
    expect(await applyOnce(archive, { untilEmpty: true })).toMatchObject({ status: "completed", totals: { kept: 1 } });
    expect(await documents()).toBe(1);
    expect(await requested()).toBe(0);
  });
});

describe("a delete whose rows come again", () => {
  it("leaves their documents alone", async () => {
    const ids = await saveRuns(2);
    proxy.set({ kind: "reset" });
    await application.runs.deleteRunsByIds(tenantId, ids);
    await application.executions.save(newRun({ id: ids[0]!, status: "failed" }));
    proxy.set({ kind: "pass" });
    await application.dualWrite.idle();
    await applyOnce(archive, { untilEmpty: true });
    expect(await compareStores(archive)).toMatchObject({ differences: [], documents: 1 });
  });
});

describe("a delete that PostgreSQL refuses", () => {
  it("deletes nothing in Elasticsearch", async () => {
    const ids = await saveRuns(2);
    await archive.sql.query(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$; CREATE TRIGGER refuse BEFORE DELETE ON workflow_runs EXECUTE FUNCTION refuse()",
    );
    await expect(application.runs.deleteRunsByIds(tenantId, ids)).rejects.toThrow("refused");
    await application.dualWrite.idle();
    expect([await documents(), await requested()]).toEqual([2, 0]);
  });
});

describe("a delete of runs of which some were purged", () => {
  it("takes both, counts each once, and nothing is missed afterwards", async () => {
    const ids = await saveRuns(4);
    await migrateOnce(archive);
    const { byTable } = await cleanupOnce(archive, { tenantId });
    expect(byTable["workflow_runs"]?.deleted).toBe(4);
    const rest = await saveRuns(3);
    expect(await application.runs.deleteRunsByIds(tenantId, [ids[0]!, rest[0]!])).toBe(2);
    expect(await application.runs.deleteRunsByApp(tenantId, appId)).toBe(5);
    expect(await application.runs.deleteRunsByApp(tenantId, appId)).toBe(0);
    await application.dualWrite.idle();
    expect(await documents()).toBe(0);
    const report = await validateOnce(archive, { level: "full", scope: { tenantIds: [tenantId] } });
    expect(report).toMatchObject({ status: "match" });
  });

  it("fails, and deletes nothing, while Elasticsearch is away: only it has some of them", async () => {
    await saveRuns(2);
    await migrateOnce(archive);
    await cleanupOnce(archive, { tenantId });
    const [left] = await saveRuns(1);
    proxy.set({ kind: "reset" });
    await expect(application.runs.deleteRunsByApp(tenantId, appId)).rejects.toMatchObject({ code: /^elasticsearch_/ });
    expect(await application.runs.getWorkflowRunByIdAndTenantId(tenantId, left!)).toMatchObject({ id: left });
    proxy.set({ kind: "pass" });
    expect(await documents()).toBe(3);
  });
});
