import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { statusOnce, installOnce, takeDirty } from "../../support/capture.ts";
import { insertNode, insertOffload, insertRun } from "../../support/insert-run.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const tenant = randomUUID();
const created = "2025-09-10 10:00:00.123456";
const [runs, nodes, offloads] = ["workflow_runs", "workflow_node_executions", "workflow_node_execution_offload"];

describe.each(["1.8", "1.13", "1.16"] as const)("in the schema of Dify %s", (schema) => {
  let archive: TestArchive;

  beforeAll(async () => {
    archive = await createTestArchive({ nodeExecutions: 0, tenants: 1, schema });
    await installOnce(archive);
  });
  afterEach(async () => expect(await statusOnce(archive)).toMatchObject({ installed: true, gaps: 0, dirtyRows: 0 }));
  afterAll(() => archive.drop());

  const insert = { oldTenant: null, old: null, now: created, tenant, op: "I" };

  test("an insert, an update and a delete are recorded with the row's places", async () => {
    const { sql } = archive;
    const { runId, logId } = await insertRun(sql, { tenantId: tenant, nodes: 0 });
    expect(await takeDirty(sql)).toEqual([
      { ...insert, type: "workflow_runs", id: runId },
      { ...insert, type: "app_logs", id: logId, now: "2025-09-10 10:00:03.123456" },
    ]);
    await sql.query(`UPDATE ${runs} SET status = 'failed', error = NULL, outputs = NULL WHERE id = $1`, [runId]);
    const update = { type: "workflow_runs", id: runId, op: "U", tenant, oldTenant: tenant, old: created, now: created };
    expect(await takeDirty(sql)).toEqual([update]);

    const other = randomUUID();
    await sql.query(`UPDATE ${runs} SET created_at = '2025-11-01', tenant_id = $2 WHERE id = $1`, [runId, other]);
    expect(await takeDirty(sql)).toEqual([{ ...update, tenant: other, now: "2025-11-01 00:00:00" }]);
    await sql.query(`DELETE FROM ${runs} WHERE id = $1`, [runId]);
    expect(await takeDirty(sql)).toEqual([
      { ...update, op: "D", tenant: other, oldTenant: other, old: "2025-11-01 00:00:00", now: null },
    ]);
  });

  test("a row that gets another id comes as the deletion of the old and the insertion of the new one", async () => {
    const { sql } = archive;
    const id = await insertNode(sql, { tenantId: tenant, runId: null });
    await takeDirty(sql);
    const next = randomUUID();
    await sql.query(`UPDATE ${nodes} SET id = $2 WHERE id = $1`, [id, next]);
    const at = "2025-09-10 10:00:01.123456";
    expect((await takeDirty(sql)).toSorted((a, b) => (a.op < b.op ? -1 : 1))).toEqual([
      { type: "node_executions", id, op: "D", tenant, oldTenant: tenant, old: at, now: null },
      { ...insert, type: "node_executions", id: next, now: at },
    ]);
  });

  test("one statement with many rows, COPY-like inserts and upserts are recorded row by row", async () => {
    const { sql } = archive;
    const id = await insertNode(sql, { tenantId: tenant, runId: null });
    await sql.query(
      `CREATE TEMP TABLE many AS SELECT n.* FROM ${nodes} n, generate_series(1, 3000) WHERE n.id = '${id}'`,
    );
    await sql.query("UPDATE many SET id = gen_random_uuid()");
    await takeDirty(sql);
    await sql.query(`INSERT INTO ${nodes} SELECT * FROM many`);
    expect(new Set((await takeDirty(sql)).map((entry) => `${entry.op} ${entry.id}`)).size).toBe(3000);
    // The plan of the trigger's statement was made for one row; 3000 rows by 3000 in a nested loop would be seen.
    await sql.query(`UPDATE ${nodes} SET title = 'x' WHERE tenant_id = $1`, [tenant]);
    expect((await takeDirty(sql)).filter(({ op }) => op === "U").length).toBeGreaterThanOrEqual(3001);

    await sql.query(
      `INSERT INTO ${nodes} SELECT * FROM ${nodes} WHERE id = $1 ON CONFLICT (id) DO UPDATE SET title = 'y'`,
      [id],
    );
    expect((await takeDirty(sql)).map((entry) => [entry.op, entry.id])).toEqual([["U", id]]);
    await sql.query(`INSERT INTO ${nodes} SELECT * FROM ${nodes} WHERE id = $1 ON CONFLICT DO NOTHING`, [id]);
    await sql.query(`UPDATE ${nodes} SET title = 'z' WHERE tenant_id = $1 AND id IS NULL`, [tenant]);
    await sql.query(`DELETE FROM ${nodes} WHERE tenant_id = $1 AND id IS NULL`, [tenant]);
    expect(await takeDirty(sql)).toEqual([]);
    await sql.query(`DELETE FROM ${nodes} WHERE tenant_id = $1`, [tenant]);
    expect((await takeDirty(sql)).filter(({ op }) => op === "D").length).toBeGreaterThanOrEqual(3001);
    await sql.query("DROP TABLE many");
  });

  test("nothing of what was rolled back is recorded, whole or to a savepoint", async () => {
    const { sql } = archive;
    await sql.query("BEGIN");
    await insertNode(sql, { tenantId: tenant, runId: null });
    await sql.query("ROLLBACK");
    await sql.query("BEGIN");
    const kept = await insertNode(sql, { tenantId: tenant, runId: null });
    await sql.query("SAVEPOINT s");
    await insertNode(sql, { tenantId: tenant, runId: null });
    await sql.query(`DELETE FROM ${nodes} WHERE id = $1`, [kept]);
    await sql.query("ROLLBACK TO s");
    await sql.query("COMMIT");
    expect((await takeDirty(sql)).map((entry) => [entry.op, entry.id])).toEqual([["I", kept]]);
  });

  if (schema === "1.8") return; // has no offload rows
  test("offload rows touch the node execution they travel with, before and after", async () => {
    const { sql } = archive;
    const [one, two] = [
      await insertNode(sql, { tenantId: tenant, runId: null }),
      await insertNode(sql, { tenantId: tenant, runId: null }),
    ];
    await takeDirty(sql);
    const touch = (id: string) => ({ ...insert, type: "node_executions", id, op: "T", now: null });
    const offload = await insertOffload(sql, tenant, one, "inputs");
    expect(await takeDirty(sql)).toEqual([touch(one)]);
    await sql.query(`UPDATE ${offloads} SET node_execution_id = $2 WHERE id = $1`, [offload, two]);
    expect((await takeDirty(sql)).map(({ id }) => id).toSorted()).toEqual([one, two].toSorted());
    await sql.query(`UPDATE ${offloads} SET node_execution_id = NULL WHERE id = $1`, [offload]);
    expect(await takeDirty(sql)).toEqual([touch(two)]);
    await sql.query(`UPDATE ${offloads} SET file_id = $2 WHERE id = $1`, [offload, randomUUID()]);
    await sql.query(`DELETE FROM ${offloads} WHERE id = $1`, [offload]);
    expect(await takeDirty(sql)).toEqual([]);
  });
});
