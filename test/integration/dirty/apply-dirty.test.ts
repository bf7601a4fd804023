import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { applyOnce } from "../../support/apply-dirty.ts";
import { installOnce } from "../../support/capture.ts";
import { type Difference, compareStores } from "../../support/compare-stores.ts";
import { insertNode, insertOffload, insertRun } from "../../support/insert-run.ts";
import {
  copiedRows,
  createTestArchive,
  documentsByIndex,
  migrateOnce,
  type TestArchive,
} from "../../support/test-archive.ts";

const tenantId = "11111111-1111-4111-8111-111111111111";
const otherTenant = "22222222-2222-4222-8222-222222222222";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({});
});
afterEach(() => archive.drop());

/**
 * Two months of a tenant, migrated whole with capture installed. Writing a run again also writes its app log, which
 * says how the run ended.
 */
async function begin(): Promise<{ september: Inserted; october: Inserted }> {
  const september = await insertRun(archive.sql, { tenantId, createdAt: "2025-09-10 10:00:00.123456", nodes: 3 });
  const october = await insertRun(archive.sql, { tenantId, createdAt: "2025-10-10 10:00:00.123456", nodes: 3 });
  await installOnce(archive);
  await migrateOnce(archive);
  return { september, october };
}
type Inserted = Awaited<ReturnType<typeof insertRun>>;

async function differences(): Promise<Difference[]> {
  return (await compareStores(archive)).differences;
}

async function query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
  return (await archive.sql.query<Row>(text, values)).rows;
}

async function dirtyRows(): Promise<number> {
  return (await query<{ rows: number }>("SELECT count(*)::int AS rows FROM log_archive.dirty_rows"))[0]!.rows;
}

async function keptIds(): Promise<string[]> {
  return (await query<{ id: string }>("SELECT record_id AS id FROM log_archive.deleted_rows ORDER BY 1")).map(
    ({ id }) => id,
  );
}

async function expectEqual(): Promise<void> {
  expect(await differences()).toEqual([]);
  expect(await dirtyRows()).toBe(0);
  expect(await copiedRows(archive.sql)).toEqual(await documentsByIndex(archive));
}

async function setMapping(index: string, dynamic: string): Promise<void> {
  const answer = await fetch(`${archive.elasticsearchUrl}/${index}/_mapping`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ dynamic }),
  });
  expect(answer.status).toBe(200);
}

test("inserted, changed and re-written rows are copied, and no entry is left", async () => {
  const { september, october } = await begin();
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'changed' WHERE id = $1", [september.runId]);
  await archive.sql.query("UPDATE workflow_runs SET status = 'running' WHERE id = $1", [october.runId]);
  await archive.sql.query("UPDATE workflow_runs SET status = 'succeeded' WHERE id = $1", [october.runId]);
  await insertNode(archive.sql, { tenantId, runId: september.runId, createdAt: "2025-09-01 00:00:00" });
  await insertOffload(archive.sql, tenantId, september.nodeIds[0]!, "outputs");
  expect((await differences()).length).toBeGreaterThanOrEqual(3);

  const report = await applyOnce(archive);

  expect(report).toMatchObject({
    command: "elasticsearch apply-dirty",
    status: "completed",
    totals: { applied: 6, moved: 0, deleted: 0, kept: 0, failed: 0, dropped: {} },
    remaining: { rows: 0, oldestSeconds: null },
    waiting: [],
    warnings: [],
  });
  expect(await differences()).toEqual([]);
  expect(await dirtyRows()).toBe(0);
});

test("a row whose created_at or tenant changed moves: it is in its new place and nowhere else", async () => {
  const { september, october } = await begin();
  await migrateOnce(archive, { scope: { tenantIds: [otherTenant] } });
  await archive.sql.query("UPDATE workflow_runs SET created_at = '2025-11-02 01:00:00' WHERE id = $1", [
    september.runId,
  ]);
  await archive.sql.query("UPDATE workflow_node_executions SET created_at = '2025-12-02' WHERE id = $1", [
    october.nodeIds[0],
  ]);
  await archive.sql.query("UPDATE workflow_node_executions SET created_at = '2025-09-02' WHERE id = $1", [
    october.nodeIds[0],
  ]);
  await archive.sql.query("UPDATE workflow_app_logs SET tenant_id = $2 WHERE id = $1", [october.logId, otherTenant]);

  expect((await applyOnce(archive)).totals).toMatchObject({ applied: 4, moved: 3, deleted: 0, kept: 0 });

  expect(await differences()).toEqual([]);
  expect(await dirtyRows()).toBe(0);
  await migrateOnce(archive);
  await expectEqual();
});

test("documents of deleted rows are kept, and deleted as soon as deletes are to be followed", async () => {
  const { september, october } = await begin();
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [september.runId]);
  await archive.sql.query("DELETE FROM workflow_node_executions WHERE id = ANY($1)", [october.nodeIds]);

  expect((await applyOnce(archive)).totals).toMatchObject({ applied: 0, deleted: 0, kept: 4 });

  expect(await dirtyRows()).toBe(0);
  expect(await keptIds()).toEqual([september.runId, ...october.nodeIds].toSorted());
  expect((await differences()).map(({ id, at }) => ({ id, at }))).toEqual(
    expect.arrayContaining([september.runId, ...october.nodeIds].map((id) => ({ id, at: "row" }))),
  );
  await archive.sql.query("DELETE FROM workflow_app_logs WHERE id = $1", [september.logId]);

  expect((await applyOnce(archive, { followDeletes: true })).totals).toMatchObject({ deleted: 5, kept: 0 });

  expect(await keptIds()).toEqual([]);
  await expectEqual();
});

test("a row that comes again, also in another month, has one document and is not deleted any more", async () => {
  const { september, october } = await begin();
  for (const id of [september.runId, october.runId]) {
    await archive.sql.query("CREATE TEMP TABLE one AS SELECT * FROM workflow_runs WHERE id = $1", [id]);
    await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [id]);
    await applyOnce(archive);
    if (id === october.runId) await archive.sql.query("UPDATE one SET created_at = '2025-09-03'");
    await archive.sql.query("INSERT INTO workflow_runs SELECT * FROM one");
    await archive.sql.query("DROP TABLE one");
  }
  expect(await keptIds()).toEqual([october.runId]); // the other is back since the last time

  await applyOnce(archive, { followDeletes: true });

  expect(await keptIds()).toEqual([]);
  await expectEqual();
});

test("a row that was deleted before its document could follow it keeps that one document", async () => {
  const { september } = await begin();
  await archive.sql.query("UPDATE workflow_runs SET created_at = '2025-11-02' WHERE id = $1", [september.runId]);
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [september.runId]);

  expect((await applyOnce(archive)).totals).toMatchObject({ kept: 1, moved: 0, deleted: 0 });
  expect(await query("SELECT month FROM log_archive.deleted_rows")).toEqual([{ month: "2025-09" }]);

  expect((await applyOnce(archive, { followDeletes: true })).totals).toMatchObject({ deleted: 1 });
  await expectEqual();
});

test("a row without an index becomes a record error, and is archived when it was mended", async () => {
  const { september } = await begin();
  await archive.sql.query("UPDATE workflow_runs SET created_at = 'infinity' WHERE id = $1", [september.runId]);

  const report = await applyOnce(archive);

  expect(report).toMatchObject({
    status: "completed_with_errors",
    totals: { applied: 0, moved: 1, failed: 1 },
    errors: { total: 1, byType: { created_at_without_month: 1 } },
  });
  await expectEqual();
  await archive.sql.query("UPDATE workflow_runs SET created_at = '2025-09-10' WHERE id = $1", [september.runId]);
  expect(await applyOnce(archive)).toMatchObject({ status: "completed", totals: { applied: 2 } });
  await expectEqual();
  await archive.sql.query("UPDATE workflow_runs SET created_at = 'infinity' WHERE id = $1", [september.runId]);
  await applyOnce(archive);
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [september.runId]);
  expect(await applyOnce(archive)).toMatchObject({ status: "completed" });
  await expectEqual();
});

test("a refused row becomes a record error and is dirty no more", async () => {
  const { september } = await begin();
  await setMapping(`${archive.prefix}-workflow-runs-${tenantId}-2025.09`, "strict");
  await archive.sql.query("ALTER TABLE workflow_runs ADD odd text DEFAULT 'x'");
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x' WHERE id = $1", [september.runId]);

  expect(await applyOnce(archive)).toMatchObject({
    status: "completed_with_errors",
    totals: { applied: 1, failed: 1 },
    errors: { byType: { strict_dynamic_mapping_exception: 1 } },
  });
  expect(await dirtyRows()).toBe(0);

  await setMapping(`${archive.prefix}-workflow-runs-${tenantId}-2025.09`, "false");
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'y'");
  expect(await applyOnce(archive)).toMatchObject({ status: "completed", totals: { applied: 4, failed: 0 } });
  await expectEqual();
});

test("an expired month is not written again", async () => {
  const { september } = await begin();
  await archive.sql.query("UPDATE log_archive.partitions SET state = 'expired' WHERE month = '2025-09'");
  await fetch(`${archive.elasticsearchUrl}/${archive.prefix}-workflow-runs-${tenantId}-2025.09`, { method: "DELETE" });
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x' WHERE id = $1", [september.runId]);
  await archive.sql.query("DELETE FROM workflow_app_logs WHERE id = $1", [september.logId]);

  expect(await applyOnce(archive, { followDeletes: true })).toMatchObject({
    status: "completed",
    totals: { applied: 0, deleted: 0, dropped: { expired: 1 } },
  });

  expect(await dirtyRows()).toBe(0);
  expect(Object.keys(await documentsByIndex(archive))).not.toContain(
    `${archive.prefix}-workflow-runs-${tenantId}-2025.09`,
  );
});

test("only tenants of the archive are written; the entries of others are forgotten", async () => {
  await insertRun(archive.sql, { tenantId });
  await installOnce(archive);
  await migrateOnce(archive, { scope: { tenantIds: [tenantId] } });
  const ours = await insertRun(archive.sql, { tenantId });
  await insertRun(archive.sql, { tenantId: otherTenant });

  expect((await applyOnce(archive)).totals).toMatchObject({ applied: 3, dropped: { other_tenant: 3 } });
  expect(await dirtyRows()).toBe(0);

  await insertRun(archive.sql, { tenantId: otherTenant });
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x' WHERE id = $1", [ours.runId]);
  expect((await applyOnce(archive, { tenantIds: [otherTenant] })).totals).toMatchObject({ applied: 3, dropped: {} });
  expect(await dirtyRows()).toBe(1);
  expect(Object.keys(await documentsByIndex(archive))).toContain(
    `${archive.prefix}-workflow-runs-${otherTenant}-2025.09`,
  );
});

test("only entries of the data types named are applied", async () => {
  const { september } = await begin();
  await archive.sql.query("UPDATE workflow_runs SET outputs = 'x' WHERE id = $1", [september.runId]);
  await archive.sql.query("UPDATE workflow_app_logs SET created_from = 'x' WHERE id = $1", [september.logId]);

  expect(await applyOnce(archive, { dataTypes: ["app_logs"] })).toMatchObject({
    totals: { applied: 1 },
    remaining: { rows: 0 },
  });

  expect(await dirtyRows()).toBe(1);
});

test("a row that is gone without a recorded delete keeps its document, and its entries go", async () => {
  const { september } = await begin();
  await archive.sql.query("UPDATE workflow_runs SET outputs = outputs WHERE id = $1", [september.runId]);
  await archive.sql.query("SET log_archive.own_write TO on");
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [september.runId]);
  await archive.sql.query("RESET log_archive.own_write");
  await insertOffload(archive.sql, tenantId, randomUUID(), "outputs"); // dangling: its node execution never was

  expect((await applyOnce(archive, { followDeletes: true })).totals).toMatchObject({
    applied: 0,
    deleted: 0,
    dropped: { vanished: 2 },
  });

  expect(await dirtyRows()).toBe(0);
  expect(await differences()).toMatchObject([{ id: september.runId, at: "row" }]);
});
