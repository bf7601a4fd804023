import { afterEach, describe, expect, test } from "vitest";
import { type SchemaVersion, schemaVersions } from "../../../dev/sample-logs/schema.ts";
import { noProgress } from "../../../src/runs/progress.ts";
import { cleanupOnce, deletedRows } from "../../support/cleanup-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive, writes } from "../../support/test-archive.ts";
import { archivable, deleteLogs, dumpLogs, logTables, restoreOnce, tenantsOf } from "./restore-archive.ts";

const full = process.env["TEST_FULL"] === "1";

let archive: TestArchive;
afterEach(() => archive.drop());

/** Hostile rows; making an index takes longer than filling it, so all the odd months are tried with one schema. */
async function archiveOf(schema: SchemaVersion): Promise<void> {
  const isWhole = schema === "1.16" || full;
  archive = await createTestArchive({
    schema,
    nodeExecutions: full ? 10_000 : 100,
    hostile: true,
    hugeRows: full,
    unarchivable: true,
    tenants: 1,
    months: 1,
  });
  if (isWhole) return;
  for (const table of logTables.slice(0, 3))
    await archive.sql.query(
      `DELETE FROM ${table} WHERE ${archivable} AND to_char(created_at, 'YYYY-MM') NOT IN ('2025-09', '2024-12')`,
    );
}

/** Restores every tenant; returns how many rows of the log tables came back. Nothing else may have been found. */
async function restoreAll(tenants: readonly string[]): Promise<number> {
  let restored = 0;
  for (const tenant of tenants) {
    const report = await restoreOnce(archive, tenant);
    expect(report).toMatchObject({ status: "completed", findings: [], notes: [], missing: [], lost: 0 });
    for (const [table, counts] of Object.entries(report.byTable)) {
      expect(counts).toMatchObject({ different: 0, refused: 0 });
      if (table !== "workflow_node_execution_offload") restored += counts.restored;
    }
  }
  return restored;
}

describe.each(schemaVersions)("Dify %s", (schema) => {
  test("hostile rows that were archived and deleted come back byte for byte, offload rows too", async () => {
    await archiveOf(schema);
    const before = await dumpLogs(archive.sql);
    await migrateOnce(archive);
    const written = await writes(archive);
    const tenants = await tenantsOf(archive.sql);
    const deleted = await deleteLogs(archive.sql, archivable);
    expect(deleted).toBeGreaterThan(400);

    expect(await restoreAll(tenants)).toBe(deleted);

    expect(await dumpLogs(archive.sql)).toEqual(before);
    expect(await migrateOnce(archive)).toMatchObject({ totals: { migrated: 0 } });
    expect(await writes(archive)).toBe(written);
  });
});

test("what cleanup-pg purged comes back byte for byte, and can be purged and brought back again", async () => {
  await archiveOf("1.13");
  const before = await dumpLogs(archive.sql);
  await migrateOnce(archive);
  const tenants = await tenantsOf(archive.sql);
  let deletedAtFirst = 0;
  for (const round of [1, 2]) {
    let deleted = 0;
    for (const tenantId of tenants) deleted += deletedRows(await cleanupOnce(archive, { tenantId }));
    expect(deleted).toBeGreaterThan(300);
    if (round === 1) deletedAtFirst = deleted;
    expect(deleted).toBe(deletedAtFirst);
    const journal = await archive.sql.query("SELECT 1 FROM log_archive.purged_rows");
    expect(journal.rowCount).toBeGreaterThan(300);

    expect(await restoreAll(tenants)).toBeLessThanOrEqual(deleted);

    expect(await dumpLogs(archive.sql)).toEqual(before);
    expect((await archive.sql.query("SELECT 1 FROM log_archive.purged_rows")).rowCount).toBe(0);
    const { rows: states } = await archive.sql.query(
      "SELECT DISTINCT state FROM log_archive.partitions WHERE state IN ('purging', 'purged')",
    );
    expect(states).toEqual([]);
  }
  expect(await migrateOnce(archive)).toMatchObject({ totals: { migrated: 0 } });
});

test("a purge between an interrupted restore and the next takes nothing away from it", async () => {
  archive = await createTestArchive({ nodeExecutions: 150, tenants: 1, months: 1, firstMonth: "2025-09" });
  await archive.sql.query("UPDATE workflow_node_executions SET status = 'succeeded', finished_at = created_at");
  const [tenantId = ""] = await tenantsOf(archive.sql);
  const before = await dumpLogs(archive.sql);
  await migrateOnce(archive);
  await cleanupOnce(archive, { tenantId });
  const stop = new AbortController();
  const interrupted = await restoreOnce(archive, tenantId, {
    batchRows: 20,
    signal: stop.signal,
    progress: { ...noProgress, advanced: (key) => void (key.startsWith("node_executions") && stop.abort()) },
  });
  expect(interrupted.status).toBe("interrupted");
  expect((await archive.sql.query("SELECT 1 FROM log_archive.restores")).rowCount).toBeGreaterThan(0);
  await cleanupOnce(archive, { tenantId });

  const report = await restoreOnce(archive, tenantId);

  expect(report).toMatchObject({ status: "completed", lost: 0, findings: [] });
  expect(await dumpLogs(archive.sql)).toEqual(before);
});
