import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { deleteLogs, tenantsOf } from "./restore-archive.ts";

const full = process.env["TEST_FULL"] === "1";
const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const megabytes = full ? 20 : 6;
const rows = full ? 24 : 12;

let archive: TestArchive;
afterEach(() => archive.drop());

/** What every row says, in a few bytes. */
async function digest(): Promise<unknown> {
  const result = await archive.sql.query(
    "SELECT id, md5(t::text) AS md5, octet_length(outputs) AS bytes FROM workflow_node_executions t ORDER BY id",
  );
  return result.rows;
}

test(`${rows} rows of ${megabytes} MB behind many small ones come back through a small heap`, async () => {
  archive = await createTestArchive({ nodeExecutions: 400, tenants: 1, months: 1, firstMonth: "2025-09" });
  await archive.sql.query(
    `UPDATE workflow_node_executions SET outputs = '{"text": "' || repeat(E'All work, "杰克".\\\\n\\t', ${Math.floor((megabytes * 1_000_000) / 24)}) || id || '"}'
      WHERE id IN (SELECT id FROM workflow_node_executions ORDER BY id DESC LIMIT ${rows})`,
  );
  const before = await digest();
  const [tenant = ""] = await tenantsOf(archive.sql);
  await migrateOnce(archive);
  await deleteLogs(archive.sql, "true");

  const app = spawn(
    process.execPath,
    [`--max-old-space-size=${full ? 400 : 160}`, main, "elasticsearch", "restore", "--tenant-id", tenant, "--json"],
    {
      cwd: tmpdir(),
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        PATH: process.env["PATH"],
        DATABASE_URL: archive.databaseUrl,
        ELASTICSEARCH_HOSTS: JSON.stringify([archive.elasticsearchUrl]),
        ELASTICSEARCH_INDEX_PREFIX: archive.prefix,
      },
    },
  );
  app.stdout.resume();
  expect(await once(app, "close")).toEqual([0, null]);

  expect(await digest()).toEqual(before);
});
