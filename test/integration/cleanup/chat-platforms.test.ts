import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freeable } from "../../../src/workflow-logs/cleanup/freeable.ts";
import { findForeignKeys } from "../../../src/workflow-logs/cleanup/tables/foreign-keys.ts";
import { relatedTables } from "../../../src/workflow-logs/cleanup/tables/related-tables.ts";
import { dataTypes } from "../../../src/workflow-logs/partitions/log-types.ts";
import { inspectSources } from "../../../src/workflow-logs/partitions/source-schema.ts";
import { ElasticsearchApiWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/elasticsearch-api-workflow-node-execution-repository.ts";
import { DualWriteApiWorkflowNodeExecutionRepository } from "../../../src/workflow-logs/repositories/node-executions/dual-write-api-workflow-node-execution-repository.ts";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce, uninstallOnce } from "../../support/capture.ts";
import { runApp } from "../../support/app-process.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { startApplication } from "../../support/dual-write.ts";
import { type InsertedRun, insertOffload, insertRun } from "../../support/insert-run.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";
import { dumpLogs, restoreOnce } from "../restore/restore-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";

/** Point 12 of the mends: messages keep the run rows of a chat platform, and nothing but these. */
let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ tenants: 1 });
});
afterAll(() => archive.drop());

const nodes = "workflow_node_executions";

async function chatRun(tenantId: string, count = 3): Promise<InsertedRun> {
  const run = await insertRun(archive.sql, { tenantId, nodes: count });
  await refer(run.runId);
  return run;
}

async function refer(runId: string, { sql } = archive): Promise<void> {
  await sql.query(
    "INSERT INTO messages (app_id, conversation_id, inputs, query, answer, from_source, workflow_run_id) VALUES ($1, $1, '{}', 'q', 'a', 'api', $1)",
    [runId],
  );
}

async function left(table: string, tenantId: string): Promise<string[]> {
  const { rows } = await archive.sql.query<{ id: string }>(
    `SELECT id::text AS id FROM ${table} WHERE tenant_id = $1 ORDER BY id`,
    [tenantId],
  );
  return rows.map(({ id }) => id);
}

test("node executions of ended runs that messages keep are purged, the run and its app log stay, and a dry run says so with bytes", async () => {
  const tenantId = randomUUID();
  const { runId, logId, nodeIds } = await chatRun(tenantId);
  await insertOffload(archive.sql, tenantId, nodeIds[0]!, "outputs");
  await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
  const before = await dumpLogs(archive.sql);

  const dry = await cleanupOnce(archive, { tenantId, dryRun: true });
  const report = await cleanupOnce(archive, { tenantId });

  expect(report.byTable).toMatchObject({
    [nodes]: { rows: 3, deleted: 3, kept: {} },
    workflow_node_execution_offload: { deleted: 1 },
    workflow_runs: { rows: 1, deleted: 0, kept: { message: 1 } },
    workflow_app_logs: { rows: 1, deleted: 0, kept: { run_kept: 1 } },
  });
  expect(dry.byTable[nodes]).toEqual({ ...report.byTable[nodes], deleted: 0 });
  expect(dry.byTable[nodes]!.eligibleBytes).toBeGreaterThan(100);
  expect(dry.byTable["workflow_runs"]!.keptBytes["message"]).toBeGreaterThan(100);
  expect(dry.byTable["workflow_runs"]!.eligibleBytes).toBe(0);
  expect(await left("workflow_runs", tenantId)).toEqual([runId]);
  expect(await left("workflow_app_logs", tenantId)).toEqual([logId]);
  expect(await left(nodes, tenantId)).toEqual([]);

  expect(await validateOnce(archive, { level: "full", scope: { tenantIds: [tenantId] } })).toMatchObject({
    status: "match",
    differences: [],
  });
  expect((await migrateOnce(archive, { scope: { tenantIds: [tenantId] } })).status).toBe("completed");

  const application = await startApplication(archive);
  try {
    const nodeReads = new DualWriteApiWorkflowNodeExecutionRepository(application.dualWrite);
    const found = await nodeReads.getExecutionsByWorkflowRun(tenantId, tenantId, runId);
    expect(found.map(({ id }) => id).toSorted()).toEqual(nodeIds.toSorted());
    expect((await application.runs.getWorkflowRunById(tenantId, tenantId, runId))?.id).toBe(runId);
  } finally {
    await application.drop();
  }

  const restored = await restoreOnce(archive, tenantId);
  expect(restored).toMatchObject({ status: "completed", findings: [], lost: 0 });
  expect(restored.byTable[nodes]).toMatchObject({ restored: 3 });
  expect(restored.byTable["workflow_runs"]).toMatchObject({ restored: 0, present: 1 });
  expect(await dumpLogs(archive.sql)).toEqual(before);
});

test("preflight says how much could be freed and what keeps the rest, before and after something was archived", async () => {
  const fresh = await createTestArchive({ tenants: 1 });
  try {
    const tenantId = randomUUID();
    const { runId } = await insertRun(fresh.sql, { tenantId, nodes: 400 });
    await refer(runId, fresh);
    const running = await insertRun(fresh.sql, { tenantId, status: "running", nodes: 100 });
    for (const step of ["before", "after"]) {
      const { code, stdout } = await runApp(fresh, ["elasticsearch", "preflight", "--json"]);
      expect(code, stdout).toBe(0);
      const { findings } = JSON.parse(stdout) as { findings: { check: string; level: string; message: string }[] };
      const { message } = findings.find(({ check }) => check === "cleanup-pg")!;
      const share = Number(/\((\d+)%\) for new rows/.exec(message)?.[1]);
      expect(share, `${step}: ${message}`).toBeGreaterThan(30);
      expect(share, `${step}: ${message}`).toBeLessThan(80);
      expect(message).toMatch(/of workflow_runs \(message\)/);
      expect(message).toMatch(/of node_executions \(run_kept\)/);
      await migrateOnce(fresh);
    }
    await fresh.sql.query("UPDATE workflow_runs SET status = 'succeeded' WHERE id = $1", [running.runId]);
    const { stdout } = await runApp(fresh, ["elasticsearch", "preflight"]);
    expect(stdout).toMatch(/✓ cleanup-pg: could free about .* of .* \(\d+%\) for new rows; kept would be/);
    expect(stdout).not.toMatch(/run_kept\).*node_executions/);
  } finally {
    await fresh.drop();
  }
});

test("a large table is looked at by a sample of its pages that tells the same share", async () => {
  const tenantId = randomUUID();
  await archive.sql.query("CREATE SCHEMA large");
  await archive.sql.query("CREATE TABLE large.workflow_node_executions (LIKE workflow_node_executions INCLUDING ALL)");
  const run = await insertRun(archive.sql, { tenantId, status: "running" });
  await archive.sql.query(
    `INSERT INTO large.workflow_node_executions
       SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'node_execution_id', n, 'workflow_run_id', CASE WHEN n % 4 = 0 THEN $2::uuid END))).*
         FROM workflow_node_executions t, generate_series(1, 40000) n WHERE t.id = $1`,
    [run.nodeIds[0], run.runId],
  );
  await archive.sql.query("ANALYZE large.workflow_node_executions");
  const found = await withTestConnections(archive, {}, async ({ postgres }) => {
    const sources = await inspectSources(postgres, { dataTypes, tenantIds: [] }, undefined);
    const related = await relatedTables(postgres, sources);
    const nodeSource = sources.find(({ logType }) => logType.hasOffloads)!;
    const table = {
      ...nodeSource.table,
      sqlName: '"large"."workflow_node_executions"',
      estimatedRows: 2_000_000,
    };
    const context = { dataType: "node_executions" as const, table, timeZone: "UTC", indexUuids: undefined };
    const scope = { dataTypes, tenantIds: [tenantId] };
    const keys = await findForeignKeys(postgres, related);
    return freeable(postgres, [{ ...context, scope }], related, keys, false, new AbortController().signal);
  });
  const [{ tableBytes, freeBytes, kept, isSampled }] = found as [(typeof found)[number]];
  expect(isSampled).toBe(true);
  expect(freeBytes / tableBytes).toBeGreaterThan(0.7);
  expect(freeBytes / tableBytes).toBeLessThan(0.8);
  expect(kept).toEqual([{ reason: "run_kept", bytes: tableBytes - freeBytes }]);
});

describe("of a run whose node executions were purged and whose row the platform deletes then", () => {
  let tenantId: string;
  let run: InsertedRun;
  beforeEach(async () => {
    tenantId = randomUUID();
    run = await chatRun(tenantId);
    await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
    await installOnce(archive);
    await cleanupOnce(archive, { tenantId });
    expect(await left(nodes, tenantId)).toEqual([]);
    await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [run.runId]);
  });
  afterEach(() => uninstallOnce(archive));

  const found = (): Promise<string[]> =>
    withTestConnections(archive, {}, async (connections) => {
      const documents = new ElasticsearchApiWorkflowNodeExecutionRepository(connections);
      return (await documents.getExecutionsByWorkflowRun(tenantId, tenantId, run.runId)).map(({ id }) => id);
    });

  test("restore brings back neither, before and after the deletion was applied, unless it is asked to", async () => {
    for (const step of ["noted", "applied"]) {
      const report = await restoreOnce(archive, tenantId);
      expect(report.byTable[nodes], step).toMatchObject({ restored: 0, deleted: 3 });
      expect(report, step).toMatchObject({ lost: 0, findings: [] });
      expect(await left("workflow_runs", tenantId)).toEqual([]);
      await applyOnce(archive, { tenantIds: [tenantId] });
    }
    expect(await found()).toHaveLength(3);
    const report = await restoreOnce(archive, tenantId, { includeDeleted: true });
    expect(report.byTable[nodes]).toMatchObject({ restored: 3, deleted: 0 });
    expect(await left("workflow_runs", tenantId)).toEqual([run.runId]);
  });

  test("apply-dirty --follow-deletes takes the documents of both", async () => {
    expect(await found()).toHaveLength(3);
    const report = await applyOnce(archive, { tenantIds: [tenantId], followDeletes: true });
    expect(report).toMatchObject({ status: "completed", remaining: { rows: 0 } });
    expect(await found()).toEqual([]);
    expect(await validateOnce(archive, { level: "full", scope: { tenantIds: [tenantId] } })).toMatchObject({
      status: "match",
      differences: [],
    });
    expect(await restoreOnce(archive, tenantId)).toMatchObject({ status: "completed", lost: 0 });
    expect(await left(nodes, tenantId)).toEqual([]);
  });
});

describe("of a run whose row the platform deletes while a node execution of it stays, which is purged then", () => {
  let tenantId: string;
  let run: InsertedRun;
  let stayed: string;
  beforeEach(async () => {
    tenantId = randomUUID();
    run = await chatRun(tenantId);
    [stayed] = run.nodeIds as [string];
    await archive.sql.query(`UPDATE ${nodes} SET status = 'running' WHERE id = $1`, [stayed]);
    await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
    await installOnce(archive);
    await cleanupOnce(archive, { tenantId });
    expect(await left(nodes, tenantId)).toEqual([stayed]);
    await archive.sql.query("DELETE FROM messages WHERE workflow_run_id = $1", [run.runId]);
    await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [run.runId]);
    await archive.sql.query(`UPDATE ${nodes} SET status = 'succeeded', finished_at = created_at WHERE id = $1`, [
      stayed,
    ]);
  });
  afterEach(() => uninstallOnce(archive));

  test.each([false, true])(
    "that one is the platform's own: it comes back (follow deletes: %s)",
    async (followDeletes) => {
      await applyOnce(archive, { tenantIds: [tenantId], dataTypes: ["node_executions"] });
      await cleanupOnce(archive, { tenantId });
      expect(await left(nodes, tenantId)).toEqual([]);
      if (!followDeletes) {
        const noted = await restoreOnce(archive, tenantId, { dryRun: true });
        expect(noted.byTable[nodes]).toMatchObject({ deleted: 2 });
      }
      expect(await applyOnce(archive, { tenantIds: [tenantId], followDeletes })).toMatchObject({ status: "completed" });
      const report = await restoreOnce(archive, tenantId);
      expect(report).toMatchObject({ lost: 0, findings: [] });
      expect(report.byTable[nodes]).toMatchObject({ restored: 1, deleted: followDeletes ? 0 : 2 });
      expect(await left(nodes, tenantId)).toEqual([stayed]);
    },
  );
});
