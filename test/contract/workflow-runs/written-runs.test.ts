import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrateOnce } from "../../support/test-archive.ts";
import { validateOnce } from "../../integration/validate/validate-once.ts";
import { deleteContract } from "./deletes.ts";
import { ElasticsearchApiWorkflowRunRepository } from "../../../src/workflow-logs/repositories/workflow-runs/elasticsearch-api-workflow-run-repository.ts";
import { createRunsArchive, implementations, type RunsArchive, testId } from "./runs-archive.ts";
import { newRun, saveContract } from "./saves.ts";

let archive: RunsArchive;

beforeAll(async () => {
  archive = await createRunsArchive({});
  await migrateOnce(archive); // puts the templates
});
afterAll(() => archive.drop());

describe.each(implementations)("written runs: %s", (implementation) => {
  saveContract(() => archive, implementation);
  deleteContract(() => archive, implementation);
});

describe.each([
  { write: "postgres", read: "postgres" },
  { write: "both", read: "postgres" },
  { write: "both", read: "elasticsearch" },
  { write: "elasticsearch", read: "elasticsearch" },
] as const)("written runs: dual-write, write $write, read $read", (modes) => {
  beforeAll(async () => {
    const tenants = ["saving tenant", "other tenant", "deleting tenant", "other deleting tenant"];
    await archive.setModes(modes, tenants.map(testId));
  });
  saveContract(() => archive, "dual-write");
  deleteContract(() => archive, "dual-write");
});

describe("runs saved in both stores", () => {
  it("are equal, as a full validation has it", async () => {
    const tenantId = newRun().tenantId;
    await archive.sql.query("DELETE FROM workflow_runs WHERE tenant_id = $1", [tenantId]);
    await archive.api("elasticsearch").deleteRunsByApp(tenantId, newRun().appId);
    const runs = [
      newRun({ status: "succeeded" }),
      newRun({ inputs: '{"q": "\\u4f60"}', elapsedTime: 0.1 }),
      newRun({ error: "e" }),
    ];
    for (const run of runs) {
      for (const implementation of implementations) {
        await archive.executions(implementation).save(run);
        await archive.executions(implementation).save({ ...run, status: "failed" });
      }
    }
    await archive.refresh();
    const report = await validateOnce(archive, {
      level: "full",
      scope: { tenantIds: [tenantId], dataTypes: ["workflow_runs"] },
    });
    expect(report.byDataType.workflow_runs).toMatchObject({ source: 3, target: 3, matched: 3, different: 0 });
  });
});

describe("a document with fields that no record has", () => {
  it("keeps them when its run is saved again", async () => {
    const run = newRun();
    await archive.executions("postgres").save(run);
    await archive.sql.query("ALTER TABLE workflow_runs ADD COLUMN extra bigint, ADD COLUMN note text");
    await archive.sql.query("UPDATE workflow_runs SET extra = 9007199254740993, note = '{\"a\": 1.0}' WHERE id = $1", [
      run.id,
    ]);
    const scope = { tenantIds: [run.tenantId], dataTypes: ["workflow_runs"] as const };
    await migrateOnce(archive, { scope, restart: true });
    for (const implementation of implementations) {
      await archive.executions(implementation).save({ ...run, status: "succeeded" });
    }
    await archive.refresh();
    const report = await validateOnce(archive, { level: "full", scope });
    expect(report.byDataType.workflow_runs?.different).toBe(0);
    const index = `${archive.prefix}-workflow-runs-${run.tenantId}-2025.05`;
    const source = await (await fetch(`${archive.elasticsearchUrl}/${index}/_source/${run.id}`)).text();
    expect(source).toContain('"status":"succeeded"');
    expect(source).toContain('"extra":9007199254740993,"note":"{\\"a\\": 1.0}"');
  });
});

describe("cleanupOldIndices", () => {
  it("sweeps the tenant's old months of runs, whose reads find nothing then, and no one else's", async () => {
    const runs = new ElasticsearchApiWorkflowRunRepository(archive.connections);
    const createdAt = `${new Date().toISOString().slice(0, -1)}000Z`;
    const old = newRun({ tenantId: testId("swept tenant") });
    const recent = newRun({ tenantId: old.tenantId, createdAt });
    const theirs = newRun({ tenantId: testId("kept tenant") });
    for (const run of [old, recent, theirs]) await archive.executions("elasticsearch").save(run);
    const { indices } = await runs.cleanupOldIndices(old.tenantId, 30);
    expect(indices.map(({ month, action }) => [month, action])).toEqual([
      ["2025-05", "deleted"],
      [createdAt.slice(0, 7), "kept"],
    ]);
    expect(await runs.getWorkflowRunByIdWithoutTenant(old.id)).toBeUndefined();
    expect(await runs.getExpiredRunsBatch(old.tenantId, "2100-01-01T00:00:00Z")).toEqual([recent]);
    expect(await runs.getWorkflowRunByIdAndTenantId(theirs.tenantId, theirs.id)).toEqual(theirs);
    await expect(runs.cleanupOldIndices("*", 30)).rejects.toMatchObject({ code: "invalid_tenant_id" });
  });
});
