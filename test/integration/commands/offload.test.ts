import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DryRun } from "../../../src/workflow-logs/migrate/dry-run.ts";
import type { MigrateReport } from "../../../src/workflow-logs/copying/report.ts";
import type { Finding } from "../../../src/workflow-logs/preflight/finding.ts";
import { runApp } from "../../support/app-process.ts";
import { createTestArchive, type TestArchive, writes } from "../../support/test-archive.ts";

let blobFolder: string;
let archive: TestArchive;
beforeAll(async () => {
  blobFolder = await mkdtemp(join(tmpdir(), "blobs-"));
  archive = await createTestArchive({ nodeExecutions: 300, tenants: 1, months: 1, blobFolder });
});
afterAll(async () => {
  await archive?.drop();
  await rm(blobFolder, { recursive: true, force: true });
});

async function app(env: Record<string, string>, ...args: string[]) {
  const end = await runApp(archive, ["elasticsearch", ...args, "--offload", "inline", "--json"], env);
  return { ...end, document: JSON.parse(end.stdout) as Record<string, unknown> };
}

test("storage that cannot be read is said before anything is touched", async () => {
  const secret = "Very-Secret-Key";
  const s3 = { STORAGE_TYPE: "s3", S3_BUCKET_NAME: "bucket", S3_ACCESS_KEY: "a", S3_SECRET_KEY: secret };
  const gone = { OPENDAL_FS_ROOT: join(blobFolder, "not-there") };
  const unreachable = { ...s3, S3_ENDPOINT: "http://127.0.0.1:9" };

  expect(await app({ STORAGE_TYPE: "azure-blob" }, "migrate")).toMatchObject({
    code: 2,
    document: { error: { code: "unsupported_storage" } },
  });
  expect(await app({ ...s3, S3_USE_AWS_MANAGED_IAM: "true" }, "migrate")).toMatchObject({ code: 2 });
  expect(await app(gone, "migrate")).toMatchObject({ code: 1, document: { error: { code: "preflight_failed" } } });
  for (const env of [gone, unreachable]) {
    const { code, document, stdout, stderr } = await app(env, "preflight");
    expect(code).toBe(3);
    expect((document["findings"] as Finding[]).filter(({ level }) => level === "fail")).toMatchObject([
      { check: "file storage" },
    ]);
    expect(stdout + stderr).not.toContain(secret);
  }
  expect(await writes(archive)).toBe(0);
});

test("a dry run says what would be loaded, and migrate loads it", async () => {
  const env = { OPENDAL_FS_ROOT: blobFolder };
  const { rows } = await archive.sql.query<{ files: number; bytes: number }>(
    `SELECT count(*)::int AS files, sum(f.size)::int AS bytes FROM workflow_node_execution_offload o
       JOIN workflow_node_executions n ON n.id = o.node_execution_id JOIN upload_files f ON f.id = o.file_id`,
  );
  expect(rows[0]!.files).toBeGreaterThan(0);

  const plan = await app(env, "migrate", "--dry-run");
  expect((plan.document as unknown as DryRun["report"]).estimates.contents).toEqual(rows[0]);

  const done = await app(env, "migrate");
  expect(done.code).toBe(0);
  expect((done.document as unknown as MigrateReport).contents).toEqual({
    loaded: rows[0]!.files,
    bytes: rows[0]!.bytes,
    unresolved: {},
  });

  const again = await app(env, "migrate", "--dry-run");
  expect((again.document as unknown as DryRun["report"]).estimates.contents).toEqual({ files: 0, bytes: 0 });
});
