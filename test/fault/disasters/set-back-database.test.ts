import { afterEach, expect, test } from "vitest";
import type { RestoreReport } from "../../../src/workflow-logs/restore/report.ts";
import type { ValidateReport } from "../../../src/workflow-logs/validate/report.ts";
import { dumpLogs, tenantsOf } from "../../integration/restore/restore-archive.ts";
import { validateOnce } from "../../integration/validate/validate-once.ts";
import { runAppHere } from "../../support/app-here.ts";
import { archivedDocuments } from "../../support/archived-documents.ts";
import { cleanupOnce, deletedRows } from "../../support/cleanup-archive.ts";
import { copyDatabase } from "../../support/copy-database.ts";
import { createTestArchive, insertRows, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

const nodes = "workflow_node_executions";
const open: TestArchive[] = [];
afterEach(async () => {
  for (const archive of open.splice(0).toReversed()) await archive.drop();
});

async function archiveWithRows(): Promise<{ archive: TestArchive; tenantId: string }> {
  const archive = await createTestArchive({ nodeExecutions: 80, tenants: 1, months: 1 });
  open.push(archive);
  await migrateOnce(archive);
  return { archive, tenantId: (await tenantsOf(archive.sql))[0]! };
}

/** The database as it is now, to be the one that is left after the disaster. */
async function backupOf(archive: TestArchive): Promise<TestArchive> {
  const backup = await copyDatabase(archive);
  open.push(backup);
  return backup;
}

async function app(archive: TestArchive, ...args: string[]): Promise<{ code: number; report: object }> {
  const { code, stdout } = await runAppHere(archive, ["elasticsearch", ...args, "--json"]);
  return { code: code as number, report: JSON.parse(stdout) as object };
}

/** Every document by its id, without what is of the program alone. */
async function documents({ elasticsearchUrl, prefix }: TestArchive): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for await (const page of archivedDocuments(elasticsearchUrl, prefix)) {
    for (const { index, id, source } of page) {
      const { archive: _, ...columns } = source;
      all[`${index} ${id}`] = JSON.stringify(columns);
    }
  }
  return all;
}

/** Everything that could delete or write over a document, given every word there is. */
async function everyDangerousCommand(archive: TestArchive, tenantId: string): Promise<ValidateReport> {
  expect([0, 3]).toContain((await app(archive, "migrate")).code);
  expect([0, 3]).toContain((await app(archive, "apply-dirty", "--until-empty", "--follow-deletes")).code);
  const validate = ["validate", "--tenant-id", tenantId, "--full", "--repair", "--delete-extra", "--yes"];
  const { report } = await app(archive, ...validate);
  await app(archive, ...validate);
  expect([0, 3]).toContain((await app(archive, "migrate", "--restart")).code);
  return report as ValidateReport;
}

test("PostgreSQL restored from before the purge: the rows are there again, no document is lost or written anew, and they can be purged again", async () => {
  const { archive, tenantId } = await archiveWithRows();
  const backup = await backupOf(archive);
  const purged = deletedRows(await cleanupOnce(archive, { tenantId }));
  expect(purged).toBeGreaterThan(0);
  const before = await documents(archive);

  expect(await app(backup, "migrate")).toMatchObject({ code: 1, report: { error: { code: "archive_copied" } } });
  expect(await app(backup, "takeover", "--yes")).toMatchObject({ code: 0 });
  expect(await everyDangerousCommand(backup, tenantId)).toMatchObject({ status: "match" });
  expect(await documents(backup)).toEqual(before);
  expect(deletedRows(await cleanupOnce(backup, { tenantId }))).toBe(purged);
  expect(await validateOnce(backup, { level: "full" })).toMatchObject({ status: "match" });
});

test("PostgreSQL restored from before the rows: documents without a row stay, older rows replace no newer documents, and restore brings back what the backup lacks", async () => {
  const { archive, tenantId } = await archiveWithRows();
  const backup = await backupOf(archive);
  const added = await insertRows(archive.sql, {
    table: nodes,
    count: 7,
    like: "status = 'succeeded'",
    createdAt: "created_at",
  });
  const changed = await archive.sql.query<{ id: string }>(
    `UPDATE ${nodes} SET title = title || ' again' WHERE id IN (SELECT id FROM ${nodes} WHERE NOT id = ANY($1) ORDER BY id LIMIT 5) RETURNING id::text AS id`,
    [added],
  );
  const changedIds = changed.rows.map(({ id }) => id);
  await migrateOnce(archive);
  await validateOnce(archive, { level: "full", repair: true });
  const rows = await dumpLogs(archive.sql);
  await cleanupOnce(archive, { tenantId });
  const before = await documents(archive);

  expect(await app(backup, "takeover", "--yes")).toMatchObject({ code: 0 });
  const report = await everyDangerousCommand(backup, tenantId);
  expect(report.status).toBe("mismatch");
  expect(report.byDataType.node_executions).toMatchObject({ extra: added.length, different: changedIds.length });
  expect(report.warnings.join()).toMatch(/are not deleted: this database was restored or copied/);
  expect(await documents(backup)).toEqual(before);

  const restored = (await app(backup, "restore", "--tenant-id", tenantId)).report as RestoreReport;
  expect(restored.byTable[nodes]).toMatchObject({ restored: added.length, different: changedIds.length, refused: 0 });
  const now = (await dumpLogs(backup.sql))[nodes]!;
  for (const id of added) expect(now[id]).toBe(rows[nodes]![id]);

  // what the platform writes from now on is newer than any document
  await backup.sql.query(`UPDATE ${nodes} SET title = 'written after the disaster' WHERE id = $1`, [changedIds[0]]);
  const mended = await validateOnce(backup, { level: "full", repair: true });
  expect(mended.repaired).toBe(1);
  expect(mended.byDataType.node_executions).toMatchObject({ different: changedIds.length - 1, extra: 0 });
});
