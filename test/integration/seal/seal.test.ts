import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dataTypes } from "../../../src/workflow-logs/partitions/log-types.ts";
import { ElasticsearchApiWorkflowRunRepository } from "../../../src/workflow-logs/repositories/workflow-runs/elasticsearch-api-workflow-run-repository.ts";
import { ElasticsearchWorkflowExecutionRepository } from "../../../src/workflow-logs/repositories/workflow-runs/elasticsearch-workflow-execution-repository.ts";
import { status } from "../../../src/workflow-logs/status.ts";
import { runAppHere } from "../../support/app-here.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { cleanupOnce, deletedRows } from "../../support/cleanup-archive.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { startApplication } from "../../support/dual-write.ts";
import { type InsertedRun, insertRun } from "../../support/insert-run.ts";
import { indexExists, outcomes, request, sweepOnce } from "../../support/retention-archive.ts";
import { sealOnce } from "../../support/seal.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { restoreOnce } from "../restore/restore-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({});
  await installOnce(archive);
});
afterEach(() => archive.drop());

const scopeOf = (tenantId: string) => ({ scope: { tenantIds: [tenantId] } });

interface Scene extends InsertedRun {
  readonly tenantId: string;
  /** Of its runs. */
  readonly index: string;
}

/** A tenant with two runs of one month for each batch in which they were copied, proven. */
async function provenTenant(batches = 1): Promise<Scene> {
  const tenantId = randomUUID();
  const runs: InsertedRun[] = [];
  for (let batch = 0; batch < batches; batch++) {
    for (let at = 0; at < 2; at++) runs.push(await insertRun(archive.sql, { tenantId, nodes: 3 }));
    await migrateOnce(archive, scopeOf(tenantId));
  }
  expect((await validateOnce(archive, { level: "full", ...scopeOf(tenantId) })).status).toBe("match");
  return { ...runs[0]!, tenantId, index: `${archive.prefix}-workflow-runs-${tenantId}-2025.09` };
}

async function sealedTenant(): Promise<Scene> {
  const scene = await provenTenant();
  expect((await sealOnce(archive, { tenantIds: [scene.tenantId] })).totals).toMatchObject({ sealed: 3, kept: 0 });
  return scene;
}

async function isSealed(index: string): Promise<boolean> {
  const answer = await request(archive, "GET", `${index}?flat_settings=true`);
  const found = (answer as Record<string, { settings: Record<string, string>; mappings: { _meta: object } }>)[index]!;
  const isBlocked = found.settings["index.blocks.write"] === "true";
  expect("sealed" in found.mappings._meta).toBe(isBlocked);
  return isBlocked;
}

async function segments(index: string): Promise<number> {
  const answer = (await request(archive, "GET", `${index}/_segments`)) as {
    indices: Record<string, { shards: Record<string, { segments: object }[]> }>;
  };
  return Object.keys(answer.indices[index]!.shards["0"]![0]!.segments).length;
}

async function expectEqual(tenantId: string): Promise<void> {
  const { differences } = await compareStores(archive);
  expect(differences).toEqual([]);
  expect((await validateOnce(archive, { level: "full", ...scopeOf(tenantId) })).status).toBe("match");
}

test("proven months are merged into one segment and take no documents; what is young, unproven or open stays as it is", async () => {
  const { tenantId, index } = await provenTenant(3);
  const unproven = randomUUID();
  await insertRun(archive.sql, { tenantId: unproven });
  const open = randomUUID();
  await insertRun(archive.sql, { tenantId: open, status: "running" });
  await migrateOnce(archive, { scope: { tenantIds: [unproven, open] } });
  await validateOnce(archive, { level: "full", ...scopeOf(open) });
  const tenantIds = [tenantId, unproven, open];
  const before = await request(archive, "GET", `${archive.prefix}-*?flat_settings=true`);

  const dry = await sealOnce(archive, { tenantIds, dryRun: true });
  expect(dry).toMatchObject({ status: "dry_run", runId: null, totals: { wouldSeal: 5, notProven: 3, sealed: 0 } });
  expect(await request(archive, "GET", `${archive.prefix}-*?flat_settings=true`)).toEqual(before);
  const days = Math.ceil((Date.now() - Date.parse("2025-10-01T00:00:00Z")) / 86_400_000);
  expect((await sealOnce(archive, { tenantIds, dryRun: true, olderThanDays: days })).totals.wouldSeal).toBe(0);

  const report = await sealOnce(archive, { tenantIds });
  const became = (id: string): unknown[] =>
    report.months.filter((month) => month.tenantId === id).map(({ action, reason }) => reason ?? action);
  expect(report.status).toBe("completed");
  expect(became(tenantId)).toEqual(["sealed", "sealed", "sealed"]);
  expect(became(unproven)).toEqual(["not_proven", "not_proven", "not_proven"]);
  expect(new Set(became(open))).toEqual(new Set(["open_rows", "sealed"]));
  for (const { bytesBefore, bytesAfter } of report.months.filter(({ action }) => action === "sealed")) {
    expect(bytesBefore).toBeGreaterThan(0);
    expect(bytesAfter).toBeGreaterThan(0);
  }
  expect(await isSealed(index)).toBe(true);
  expect(await segments(index)).toBe(1);
  const again = await sealOnce(archive, { tenantIds: [tenantId] });
  expect(again).toMatchObject({ status: "completed", totals: { sealed: 0, alreadySealed: 3 } });
  await withTestConnections(archive, {}, async (connections) => {
    expect((await status(connections, [tenantId])).sealed).toMatchObject({ months: 3, unfinished: 0 });
  });
});

test("what only reads leaves the seal: migrate with nothing new, validate, cleanup-pg, restore; a sweep drops the month", async () => {
  const { tenantId, index } = await sealedTenant();
  await migrateOnce(archive, scopeOf(tenantId));
  expect((await validateOnce(archive, { level: "full", ...scopeOf(tenantId) })).status).toBe("match");
  expect(deletedRows(await cleanupOnce(archive, { tenantId }))).toBe(10);
  expect((await restoreOnce(archive, tenantId)).status).toBe("completed");
  await expectEqual(tenantId);
  expect(await isSealed(index)).toBe(true);

  const swept = await sweepOnce(archive, { tenantIds: [tenantId], retentionDays: 30 });
  expect(Object.values(outcomes(swept))).toEqual(Array(3).fill("deleted: past_retention"));
  expect(await indexExists(archive, index)).toBe(false);
});

test.for<[string, (scene: Scene) => Promise<unknown>]>([
  [
    "apply-dirty of a row that was written",
    async ({ runId }) => {
      await archive.sql.query("UPDATE workflow_runs SET error = 'later' WHERE id = $1", [runId]);
      await applyOnce(archive, { untilEmpty: true });
    },
  ],
  [
    "apply-dirty of a row that was deleted",
    async ({ runId }) => {
      await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [runId]);
      await applyOnce(archive, { untilEmpty: true, followDeletes: true });
    },
  ],
  [
    "apply-dirty of a row that moved away",
    async ({ runId }) => {
      await archive.sql.query("UPDATE workflow_runs SET created_at = '2025-08-10 10:00:00' WHERE id = $1", [runId]);
      await applyOnce(archive, { untilEmpty: true });
    },
  ],
  [
    "migrate of a row that came late",
    async ({ tenantId }) => {
      await insertRun(archive.sql, { tenantId });
      await migrateOnce(archive, scopeOf(tenantId));
    },
  ],
  [
    "validate --repair of a document that somebody changed",
    async ({ tenantId, index, runId }) => {
      await request(archive, "PUT", `${index}/_settings`, { "index.blocks.write": null });
      await request(archive, "POST", `${index}/_update/${runId}`, { doc: { error: "changed" } });
      await request(archive, "PUT", `${index}/_block/write`);
      await validateOnce(archive, { level: "full", repair: true, ...scopeOf(tenantId) });
    },
  ],
  [
    "an application that writes both",
    async ({ tenantId, runId }) => {
      const application = await startApplication(archive);
      const run = (await application.runs.getWorkflowRunById(tenantId, tenantId, runId))!;
      await application.executions.save({ ...run, error: "saved again" });
      await application.dualWrite.close();
      await application.drop();
      await applyOnce(archive, { untilEmpty: true });
    },
  ],
])("a write lifts the seal and arrives: %s", async ([, write]) => {
  const scene = await sealedTenant();
  await write(scene);
  expect(await isSealed(scene.index)).toBe(false);
  await expectEqual(scene.tenantId);
  // the other data types were not written into
  const months = (await sealOnce(archive, { tenantIds: [scene.tenantId] })).months;
  expect(months.find(({ name }) => name === scene.index)).toMatchObject({ action: "sealed" });
});

test("an application that writes to Elasticsearch alone saves into and deletes from a sealed month", async () => {
  const { tenantId, index, runId } = await sealedTenant();
  await withTestConnections(archive, {}, async (connections) => {
    const runs = new ElasticsearchApiWorkflowRunRepository(connections);
    const executions = new ElasticsearchWorkflowExecutionRepository(connections);
    const run = (await runs.getWorkflowRunById(tenantId, tenantId, runId))!;
    await executions.save({ ...run, error: "saved again" });
    expect(await isSealed(index)).toBe(false);
    expect((await runs.getWorkflowRunById(tenantId, tenantId, runId))!.error).toBe("saved again");

    await request(archive, "PUT", `${index}/_mapping`, { _meta: await sealedMeta(index) });
    await request(archive, "PUT", `${index}/_block/write`);
    expect(await runs.deleteRunsByIds(tenantId, [runId])).toBe(1);
    expect(await isSealed(index)).toBe(false);
  });
});

async function sealedMeta(index: string): Promise<object> {
  const answer = await request(archive, "GET", `${index}/_mapping`);
  const { _meta } = (answer as Record<string, { mappings: { _meta: object } }>)[index]!.mappings;
  return { ..._meta, sealed: { at: "2026-01-01T00:00:00.000Z", bytesBefore: 1, bytesAfter: 1 } };
}

test("a run that dies half way leaves the month readable, and the next one finishes it", async () => {
  for (const dies of ["blocked", "merged"] as const) {
    const { tenantId, index } = await provenTenant();
    const atStep = (step: string): void => {
      if (step === dies) throw new Error("killed");
    };
    await expect(sealOnce(archive, { tenantIds: [tenantId], dataTypes: ["workflow_runs"], atStep })).rejects.toThrow(
      "killed",
    );
    await withTestConnections(archive, {}, async (connections) => {
      expect((await status(connections, [tenantId])).sealed).toMatchObject({ months: 0, unfinished: 1 });
    });
    await expectEqual(tenantId);
    expect((await sealOnce(archive, { tenantIds: [tenantId] })).totals).toMatchObject({ sealed: 3 });
    expect(await segments(index)).toBe(1);
  }
});

test("a month that is written into while it is sealed is not sealed", async () => {
  const { tenantId, index, runId } = await provenTenant();
  const report = await sealOnce(archive, {
    tenantIds: [tenantId],
    dataTypes: ["workflow_runs"],
    atStep: async (step) => {
      if (step === "blocked")
        await archive.sql.query("UPDATE workflow_runs SET error = 'meanwhile' WHERE id = $1", [runId]);
    },
  });
  expect(report).toMatchObject({ status: "completed_with_findings", months: [{ reason: "written_meanwhile" }] });
  expect(await isSealed(index)).toBe(false);
  await applyOnce(archive, { untilEmpty: true });
  await expectEqual(tenantId);
});

test("somebody else's block is neither lifted nor taken for a seal; only copies keep their replicas", async () => {
  const { tenantId, index } = await provenTenant();
  await request(archive, "PUT", `${index}/_settings`, { "index.blocks.write": true });
  const blocked = await sealOnce(archive, { tenantIds: [tenantId] });
  expect(blocked.status).toBe("completed_with_findings");
  expect(blocked.months.find(({ name }) => name === index)).toMatchObject({ action: "kept", reason: "index_blocked" });
  await insertRun(archive.sql, { tenantId });
  expect(await migrateOnce(archive, scopeOf(tenantId))).toMatchObject({ status: "completed_with_errors" });
  await request(archive, "PUT", `${index}/_settings`, { "index.blocks.write": null });
  await migrateOnce(archive, scopeOf(tenantId));
  await validateOnce(archive, { level: "full", ...scopeOf(tenantId) });

  await cleanupOnce(archive, { tenantId });
  const unreplicated = await sealOnce(archive, { tenantIds: [tenantId], replicas: 0 });
  expect(new Set(unreplicated.months.filter(({ name }) => name === index).map(({ reason }) => reason))).toEqual(
    new Set(["only_copy"]),
  );
  await validateOnce(archive, { level: "full", ...scopeOf(tenantId) });
  const moved = await sealOnce(archive, { tenantIds: [tenantId], replicas: 1, tier: "cold", dataTypes });
  expect(moved.months.find(({ name }) => name === index)).toMatchObject({ action: "sealed" });
  const settings = await request(archive, "GET", `${index}/_settings?flat_settings=true`);
  expect((settings as Record<string, { settings: object }>)[index]!.settings).toMatchObject({
    "index.number_of_replicas": "1",
    "index.routing.allocation.include._tier_preference": "data_cold,data_warm,data_hot,data_content",
  });
});

test("the command says what it saved, and what is next", async () => {
  const { tenantId } = await provenTenant();
  const seal = ["elasticsearch", "seal", "--tenant-id", tenantId];
  expect(await runAppHere(archive, [...seal, "--dry-run"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Dry run: nothing was changed\.[^]*Would be sealed: 3 months[^]*3 months would be/),
  });
  expect(await runAppHere(archive, seal)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Sealed: 3 months, primaries .* before and .* after[^]*✓ SUCCESS: 3 months sealed/),
  });
  const { stdout } = await runAppHere(archive, ["elasticsearch", "status", "--tenant-id", tenantId]);
  expect(stdout).toMatch(/Sealed months: 3, /);
  const json = await runAppHere(archive, [...seal, "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ command: "elasticsearch seal", totals: { alreadySealed: 3 } });
});
