import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { LocalFolder } from "../../../src/stores/blobs/local-folder.ts";
import type { CleanupReport } from "../../../src/workflow-logs/cleanup/report.ts";
import { cleanupOnce } from "../../support/cleanup-archive.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { dumpLogs, restoreOnce, tenantsOf } from "../restore/restore-archive.ts";

let blobFolder: string;
let blobs: LocalFolder;
let archive: TestArchive;
let tenantId: string;
let files: { id: string; key: string }[];
let before: Record<string, Buffer>;

beforeAll(async () => {
  blobFolder = await mkdtemp(join(tmpdir(), "blobs-"));
  blobs = new LocalFolder(blobFolder);
  archive = await createTestArchive({ nodeExecutions: 1800, tenants: 1, months: 1, blobFolder });
  await migrateOnce(archive, { offload: "inline", blobs });
  [tenantId = ""] = await tenantsOf(archive.sql);
  files = (
    await archive.sql.query<{ id: string; key: string }>(
      `SELECT f.id::text AS id, f.key FROM workflow_node_execution_offload o JOIN upload_files f ON f.id = o.file_id
         JOIN workflow_node_executions n ON n.id = o.node_execution_id JOIN workflow_runs r ON r.id = n.workflow_run_id
        WHERE n.status = 'succeeded' AND r.status = 'succeeded' AND r.type = 'workflow' ORDER BY f.id`,
    )
  ).rows;
  expect(files.length).toBeGreaterThan(6);
  before = await contents();
});
afterAll(async () => {
  await archive?.drop();
  await rm(blobFolder, { recursive: true, force: true });
});

async function contents(): Promise<Record<string, Buffer>> {
  const entries = await readdir(blobFolder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await readFile(path)] as const)));
}

function cleanup(options: { dryRun?: boolean; blobs?: LocalFolder } = {}): Promise<CleanupReport> {
  return cleanupOnce(archive, {
    tenantId,
    dataTypes: ["node_executions"],
    deleteOffloadedFiles: true,
    blobs,
    ...options,
  });
}

beforeEach(async () => {
  await restoreOnce(archive, tenantId, { blobs });
  expect(await contents()).toEqual(before);
});

test("a dry run says which files would go and touches none; the run deletes just these, and restore puts them back", async () => {
  const rows = await dumpLogs(archive.sql);
  const dry = await cleanup({ dryRun: true });
  expect(await contents()).toEqual(before);

  const report = await cleanup();
  expect(report.offloadedFiles).toMatchObject({ deleted: dry.offloadedFiles!.eligible, kept: {} });
  expect(dry.offloadedFiles).toMatchObject({ deleted: 0, bytes: report.offloadedFiles!.bytes });
  const left = await contents();
  expect(Object.keys(before).length - Object.keys(left).length).toBe(report.offloadedFiles!.deleted);
  for (const { key } of files) expect(left).not.toHaveProperty([join(blobFolder, key)]);

  const restored = await restoreOnce(archive, tenantId, { blobs });
  expect(restored.byTable["upload_files"]).toMatchObject({ restored: report.offloadedFiles!.deleted, refused: 0 });
  expect(await contents()).toEqual(before);
  expect(await dumpLogs(archive.sql)).toEqual(rows);
});

test("a file stays that something else refers to, that differs from its document, or that was not made for an offload row", async () => {
  await cleanupOnce(archive, { tenantId, dataTypes: ["node_executions"] });
  const [referred, sameKey, differing, named, used] = files.map(({ id }) => id);
  await archive.sql.query("CREATE TABLE message_files (id uuid PRIMARY KEY, upload_file_id uuid)");
  await archive.sql.query("INSERT INTO message_files VALUES (gen_random_uuid(), $1)", [referred]);
  await archive.sql.query("CREATE TEMP TABLE copied AS SELECT * FROM upload_files WHERE id = $1", [sameKey]);
  await archive.sql.query("UPDATE copied SET id = gen_random_uuid()");
  await archive.sql.query("INSERT INTO upload_files SELECT * FROM copied");
  await archive.sql.query("UPDATE upload_files SET name = 'report-' || name WHERE id = $1", [named]);
  await archive.sql.query("UPDATE upload_files SET used = true WHERE id = $1", [used]);
  const path = join(blobFolder, files.find(({ id }) => id === differing)!.key);
  await writeFile(path, "other");
  try {
    const report = await cleanup();
    expect(report.offloadedFiles!.kept).toEqual({ referenced: 3, different: 1, not_an_offload: 1 });
    expect(report.status).toBe("completed_with_findings");
    expect(report.offloadedFiles!.deleted).toBeGreaterThan(0);
    const left = await contents();
    const staying = [referred, sameKey, differing, named, used];
    for (const { id, key } of files) expect(join(blobFolder, key) in left, id).toBe(staying.includes(id));
  } finally {
    await archive.sql.query("DROP TABLE message_files");
    await archive.sql.query("DELETE FROM upload_files WHERE id = (SELECT id FROM copied)");
    await archive.sql.query("UPDATE upload_files SET used = false, name = replace(name, 'report-', '')");
    await writeFile(path, before[path]!);
  }
  const again = await cleanup();
  expect(again.offloadedFiles).toMatchObject({ deleted: 5, kept: {} });
});

test("files of rows purged without the flag go with a later run, and none where the document has no content", async () => {
  await cleanupOnce(archive, { tenantId, dataTypes: ["node_executions"] });
  expect(await contents()).toEqual(before);
  const report = await cleanup();
  expect(report.offloadedFiles!.deleted).toBeGreaterThan(files.length - 2);

  await restoreOnce(archive, tenantId, { blobs });
  await migrateOnce(archive, { offload: "reference", restart: true });
  const kept = await cleanup();
  expect(kept.offloadedFiles).toMatchObject({ deleted: 0 });
  expect(Object.keys(kept.offloadedFiles!.kept)).toEqual(["not_in_document"]);
  expect(await contents()).toEqual(before);
  await restoreOnce(archive, tenantId);
  await migrateOnce(archive, { offload: "inline", restart: true, blobs });
});

test("a crash between deleting a file and saying so loses nothing: restore puts it back, cleanup finishes", async () => {
  let deletions = 0;
  const crashing = Object.assign(new LocalFolder(blobFolder), {
    delete: async (key: string) => {
      await blobs.delete(key);
      if (++deletions === 2) throw new Error("killed");
    },
  });
  await expect(cleanup({ blobs: crashing })).rejects.toThrow("killed");
  expect(Object.keys(await contents()).length).toBe(Object.keys(before).length - 2);
  const unfinished = await cleanup();
  expect(unfinished.offloadedFiles!.kept).toEqual({});

  await restoreOnce(archive, tenantId, { blobs });
  deletions = 0;
  await expect(cleanup({ blobs: crashing })).rejects.toThrow("killed");
  await restoreOnce(archive, tenantId, { blobs });
  expect(await contents()).toEqual(before);
});

test("restore without a file storage names the files that it could not put back", async () => {
  const { offloadedFiles } = await cleanup();
  const report = await restoreOnce(archive, tenantId);
  expect(report.status).toBe("completed_with_errors");
  expect(report.byTable["upload_files"]).toMatchObject({ refused: offloadedFiles!.deleted });
  expect(report.findings[0]).toMatchObject({ table: "upload_files", reason: expect.stringContaining("none is given") });
});

test("nothing is purged when the file storage is not there", async () => {
  const rows = await dumpLogs(archive.sql);
  const nowhere = new LocalFolder(join(blobFolder, "nowhere"));
  await expect(cleanup({ blobs: nowhere })).rejects.toMatchObject({ code: "storage_unreachable" });
  expect(await dumpLogs(archive.sql)).toEqual(rows);
});
