import { afterEach, beforeEach, expect, test } from "vitest";
import { installOnce, statusOnce, takeDirty } from "../../support/capture.ts";
import { cleanupOnce, deletedRows } from "../../support/cleanup-archive.ts";
import { countRows, createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { restoreOnce, tenantsOf } from "../restore/restore-archive.ts";

let archive: TestArchive;
let tenant: string;

beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 200, tenants: 1, months: 1 });
  tenant = (await tenantsOf(archive.sql))[0]!;
  await migrateOnce(archive);
  await installOnce(archive);
});
afterEach(() => archive.drop());

test("what cleanup-pg deletes and restore brings back is not recorded; the platform's own deletions are", async () => {
  const { sql } = archive;
  const rows = await countRows(sql);
  const deleted = deletedRows(await cleanupOnce(archive, { tenantId: tenant }));
  expect(deleted).toBeGreaterThan(100);
  await restoreOnce(archive, tenant);
  expect(await countRows(sql)).toBe(rows);
  expect(await takeDirty(sql)).toEqual([]);
  expect(await statusOnce(archive)).toMatchObject({ gaps: 0, dirtyRows: 0 });

  await sql.query("DELETE FROM workflow_app_logs");
  expect(new Set((await takeDirty(sql)).map(({ type, op }) => `${op} ${type}`))).toEqual(new Set(["D app_logs"]));
});

test("a row that comes back from its document is a deleted one no more", async () => {
  const { sql } = archive;
  const { rows } = await sql.query<{ id: string; month: string }>(
    "DELETE FROM workflow_app_logs RETURNING id::text AS id, to_char(created_at, 'YYYY-MM') AS month",
  );
  for (const { id, month } of rows)
    await sql.query(
      "INSERT INTO log_archive.deleted_rows (data_type, record_id, tenant_id, month) VALUES ('app_logs', $1, $2, $3)",
      [id, tenant, month],
    );
  await restoreOnce(archive, tenant, { includeDeleted: true });
  expect(await countRows(sql, "workflow_app_logs")).toBe(rows.length);
  expect(await countRows(sql, "log_archive.deleted_rows")).toBe(0);
});
