import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AppLogRepository } from "../../../src/workflow-logs/repositories/app-logs/app-log-repository.ts";
import { ElasticsearchAppLogRepository } from "../../../src/workflow-logs/repositories/app-logs/elasticsearch-app-log-repository.ts";
import { archivedDocuments, rawSource } from "../../support/archived-documents.ts";
import { insertRun } from "../../support/insert-run.ts";
import { migrateOnce } from "../../support/test-archive.ts";
import { wildTenants } from "../workflow-runs/contract.ts";
import { createRunsArchive, implementations, type RunsArchive, testId } from "../workflow-runs/runs-archive.ts";
import { newRun } from "../workflow-runs/saves.ts";
import { dualLogRepository, insertEndUser, logRepositories, newLog, otherTenant, tenantId } from "./logs-archive.ts";

let archive: RunsArchive;
let repositories: ReturnType<typeof logRepositories>;

beforeAll(async () => {
  archive = await createRunsArchive({ nodeExecutions: 500, months: 1 });
  await insertEndUser(archive, "session of saved logs");
  await migrateOnce(archive);
  repositories = logRepositories(archive.connections);
});
afterAll(() => archive.drop());

function saveContract(given: () => AppLogRepository, name: string): void {
  const log = newLog(`saved in ${name}`);
  const read = (id = log.id) => given().getAppLogById(tenantId, id);

  it("stores a new log, which reads by id show at once with who wrote it", async () => {
    await given().saveAppLog(log);
    expect(await read()).toEqual({
      ...log,
      workflowRun: null,
      triggerMetadata: null,
      endUser: { id: log.createdBy, sessionId: "session of saved logs" },
      account: null,
    });
  });

  it("changes everything but created_at", async () => {
    await given().saveAppLog({
      ...log,
      createdFrom: "openapi",
      createdAt: "2026-01-01T00:00:00.000000Z",
    });
    expect(await read()).toMatchObject({ createdFrom: "openapi", createdAt: log.createdAt });
  });

  it("refuses the id of another tenant's log, and a tenant that cannot be one", async () => {
    const before = await read();
    const stolen = given().saveAppLog({ ...log, tenantId: otherTenant, createdFrom: "stolen" });
    await expect(stolen).rejects.toMatchObject({ code: "other_tenant" });
    for (const wild of wildTenants(tenantId).filter((id) => !/^[a-z0-9][a-z0-9_-]{0,99}$/.test(id)))
      await expect(given().saveAppLog({ ...log, tenantId: wild })).rejects.toMatchObject({
        code: "invalid_tenant_id",
      });
    expect(await read()).toEqual(before);
  });
}

describe.each(implementations)("saveAppLog: %s", (implementation) => {
  saveContract(() => repositories[implementation], implementation);
});

describe.each([
  { write: "both", read: "postgres" },
  { write: "both", read: "elasticsearch" },
  { write: "elasticsearch", read: "elasticsearch" },
] as const)("saveAppLog: dual-write, write $write, read $read", (modes) => {
  beforeAll(() => archive.setModes(modes, [tenantId, otherTenant]));
  saveContract(() => dualLogRepository(archive), `dual-write ${modes.write} ${modes.read}`);

  it("carries the run as it ended", async () => {
    const run = newRun({ tenantId, status: "running" });
    const log = newLog(`log of a run in ${modes.write} ${modes.read}`, { workflowRunId: run.id });
    await archive.executions("dual-write").save(run);
    await dualLogRepository(archive).saveAppLog(log);
    await archive.executions("dual-write").save({ ...run, status: "stopped" });
    await archive.refresh();
    const query = { tenantId, appId: log.appId, status: "stopped" };
    const { data } = await dualLogRepository(archive).getPaginatedAppLogs(query);
    expect(data.find(({ id }) => id === log.id)?.workflowRun).toMatchObject({ id: run.id, status: "stopped" });
    const document = await repositories.elasticsearch.getAppLogById(tenantId, log.id);
    expect(document?.workflowRun).toMatchObject({ id: run.id, status: "stopped" });
  });
});

describe("a log saved in Elasticsearch", () => {
  it("is the document that migrate made of its row", async () => {
    let compared = 0;
    for await (const page of archivedDocuments(archive.elasticsearchUrl, archive.prefix)) {
      for (const { index, id, source } of page.filter((document) => document.index.includes("-workflow-app-logs-"))) {
        const tenant = String(source["tenant_id"]);
        if (tenant === tenantId) continue; // written above
        const document = async () =>
          (await rawSource(archive.elasticsearchUrl, index, id)).replace(/"copied_at".*/, "");
        const before = await document();
        await repositories.elasticsearch.saveAppLog((await repositories.elasticsearch.getAppLogById(tenant, id))!);
        expect(await document()).toBe(before);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(5);
  });

  it("carries its run from PostgreSQL or from Elasticsearch, of both the one that has ended", async () => {
    const { runId } = await insertRun(archive.sql, { tenantId, status: "running", nodes: 0 });
    const log = newLog("log of a run in both", { workflowRunId: runId });
    const status = async () => {
      await repositories.elasticsearch.saveAppLog(log);
      return (await repositories.elasticsearch.getAppLogById(tenantId, log.id))?.workflowRun?.status;
    };
    expect(await status()).toBe("running");
    const ended = newRun({ id: runId, tenantId, status: "failed", inputs: '{"q": "word of the ended run"}' });
    await archive.executions("elasticsearch").save(ended);
    expect(await status()).toBe("failed");
    await archive.refresh();
    const query = { tenantId, appId: log.appId, keyword: '"ended run"' };
    expect(await repositories.elasticsearch.countAppLogs(query)).toBe(1);
    await archive.sql.query("UPDATE workflow_runs SET status = 'succeeded' WHERE id = $1", [runId]);
    expect(await status()).toBe("succeeded");
    await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [runId]);
    expect(await status()).toBe("failed");
    await archive.api("elasticsearch").deleteRunsByIds(tenantId, [runId]);
    expect(await status()).toBe("failed"); // what it carried before
  });

  it("carries its run anew when the run is saved and its logs are refreshed", async () => {
    const run = newRun({ tenantId, status: "running" });
    const [mine, other] = [newLog("log to refresh", { workflowRunId: run.id }), newLog("log of another run")];
    await archive.executions("elasticsearch").save(run);
    for (const log of [mine, other]) await repositories.elasticsearch.saveAppLog(log);
    await archive.executions("elasticsearch").save({ ...run, status: "stopped" });

    await new ElasticsearchAppLogRepository(archive.connections).refreshLogsOf(tenantId, [run.id, testId("none")]);

    const shown = await repositories.elasticsearch.getAppLogById(tenantId, mine.id);
    expect(shown?.workflowRun).toMatchObject({ id: run.id, status: "stopped" });
    expect((await repositories.elasticsearch.getAppLogById(tenantId, other.id))?.workflowRun).toBeNull();
  });
});

describe("cleanupOldIndices", () => {
  it("sweeps the tenant's old months of app logs, and no one else's", async () => {
    const logs = new ElasticsearchAppLogRepository(archive.connections);
    const old = newLog("old log of a swept tenant", { tenantId: testId("swept tenant") });
    const theirs = newLog("old log of a kept tenant", { tenantId: testId("kept tenant") });
    for (const log of [old, theirs]) await logs.saveAppLog(log);
    const { indices } = await logs.cleanupOldIndices(old.tenantId, 30);
    expect(indices.map(({ dataType, month, action }) => [dataType, month, action])).toEqual([
      ["app_logs", "2025-10", "deleted"],
    ]);
    expect(await logs.getAppLogById(old.tenantId, old.id)).toBeUndefined();
    expect(await logs.getAppLogById(theirs.tenantId, theirs.id)).toMatchObject(theirs);
    await expect(logs.cleanupOldIndices("*", 30)).rejects.toMatchObject({ code: "invalid_tenant_id" });
  });
});
