import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { insertRun } from "../../support/insert-run.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const script = fileURLToPath(new URL("../../../examples/migrate-tenant/migrate-tenant.sh", import.meta.url));
const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const logTables = ["workflow_runs", "workflow_app_logs", "workflow_node_executions", "workflow_node_execution_offload"];

let archive: TestArchive;
let folder: string;
beforeAll(async () => {
  archive = await createTestArchive({ tenants: 1 });
  await insertRun(archive.sql, { tenantId: "00000000-0000-4000-8000-000000000123", nodes: 3 });
  for (const table of logTables) await archive.sql.query(`ALTER TABLE ${table} ALTER COLUMN tenant_id TYPE text`);
  for (const table of logTables) await archive.sql.query(`UPDATE ${table} SET tenant_id = 'tenant-123'`);
  folder = await mkdtemp(path.join(tmpdir(), "migrate-tenant-"));
  await writeFile(path.join(folder, "app"), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  await chmod(path.join(folder, "app"), 0o755);
});
afterAll(async () => {
  await archive.drop();
  await rm(folder, { recursive: true });
});

function run(): Promise<{ code: number; output: string }> {
  const env = {
    PATH: `${folder}:${process.env["PATH"]}`,
    DATABASE_URL: archive.databaseUrl,
    ELASTICSEARCH_HOSTS: JSON.stringify([archive.elasticsearchUrl]),
    ELASTICSEARCH_INDEX_PREFIX: archive.prefix,
    STATE_FILE: path.join(folder, "state.db"),
  };
  return new Promise((resolve) => {
    execFile("bash", ["-e", script], { env, cwd: folder }, (error, stdout, stderr) =>
      resolve({
        code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
        output: stdout + stderr,
      }),
    );
  });
}

test("the guide's script migrates its tenant and runs again", async () => {
  for (const copied of [5, 0]) {
    const { code, output } = await run();
    expect(code, output).toBe(0);
    expect(output).toMatch(
      /Starting Elasticsearch migration for tenant-123[^]*Dry run[^]*SUCCESS[^]*Migration completed for tenant-123\n/,
    );
    if (copied === 0) expect(output).toMatch(/nothing new to copy/);
    const answer = await fetch(`${archive.elasticsearchUrl}/${archive.prefix}-workflow-*-tenant-123-*/_count`);
    expect(await answer.json()).toMatchObject({ count: 5 });
  }
}, 300_000);
