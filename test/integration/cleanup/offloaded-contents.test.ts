import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalFolder } from "../../../src/stores/blobs/local-folder.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { dumpLogs, restoreOnce } from "../restore/restore-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";

let blobFolder: string;
let archive: TestArchive;
beforeAll(async () => {
  blobFolder = await mkdtemp(join(tmpdir(), "blobs-"));
  archive = await createTestArchive({ nodeExecutions: 150, tenants: 1, months: 1, hostile: true, blobFolder });
  for (const table of ["workflow_runs", "workflow_app_logs", "workflow_node_executions"])
    await archive.sql.query(`DELETE FROM ${table} WHERE to_char(created_at, 'YYYY-MM') <> '2025-09'`);
});
afterAll(async () => {
  await archive?.drop();
  await rm(blobFolder, { recursive: true, force: true });
});

async function ids(condition: string): Promise<string[]> {
  const { rows } = await archive.sql.query<{ id: string }>(
    `SELECT id::text AS id FROM workflow_node_executions n WHERE ${condition} ORDER BY id`,
  );
  return rows.map(({ id }) => id);
}

test("rows whose contents are in their documents are proven, deleted and brought back; those without them stay", async () => {
  await migrateOnce(archive, { offload: "inline", blobs: new LocalFolder(blobFolder) });
  const before = await dumpLogs(archive.sql);
  const unresolved = "id::text IN (SELECT record_id FROM log_archive.unresolved_contents)";
  const offloaded = "EXISTS (SELECT FROM workflow_node_execution_offload o WHERE o.node_execution_id = n.id)";
  const staying = await ids(unresolved);
  const inlined = await ids(`${offloaded} AND NOT ${unresolved} AND status = 'succeeded'`);
  expect(Math.min(staying.length, inlined.length)).toBeGreaterThan(3);

  expect(await validateOnce(archive, { level: "full" })).toMatchObject({ status: "match" });

  const { rows: tenants } = await archive.sql.query<{ id: string }>(
    "SELECT DISTINCT tenant_id::text AS id FROM workflow_node_executions",
  );
  let kept = 0;
  for (const { id } of tenants) {
    const { byTable } = await cleanupOnce(archive, { tenantId: id, dataTypes: ["node_executions"] });
    kept += byTable["workflow_node_executions"]?.kept["offload_unresolved"] ?? 0;
  }
  expect(kept).toBe(staying.length);
  expect(await ids(unresolved)).toEqual(staying);
  const gone = inlined.filter((id) => before["workflow_node_executions"]![id] !== undefined);
  const left = new Set(await ids("true"));
  expect(gone.filter((id) => !left.has(id)).length).toBeGreaterThan(3);

  for (const { id } of tenants) await restoreOnce(archive, id);
  expect(await dumpLogs(archive.sql)).toEqual(before);
});
