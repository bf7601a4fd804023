import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { installOnce, statusOnce, takeDirty } from "../../support/capture.ts";
import { insertNode } from "../../support/insert-run.ts";
import { createRole, sessions, type Sessions } from "../../support/sessions.ts";
import { countRows, createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const tenant = randomUUID();
const nodes = "workflow_node_executions";
let archive: TestArchive;
let platform: Sessions;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 0, tenants: 1 });
  platform = sessions(archive.databaseUrl);
  await installOnce(archive);
});
afterEach(async () => {
  await takeDirty(archive.sql);
  await insertNode(archive.sql, { tenantId: tenant, runId: null });
  expect(await takeDirty(archive.sql)).toHaveLength(1); // all is well again
});
afterAll(async () => {
  await platform.close();
  await archive.drop();
});

async function gaps(): Promise<number> {
  return (await statusOnce(archive)).gaps;
}

/** Inserts, updates and deletes a row in one transaction, and leaves another. */
async function write(): Promise<void> {
  const client = await platform.open();
  const before = await countRows(client, nodes);
  await client.query("BEGIN");
  const id = await insertNode(client, { tenantId: tenant, runId: null });
  await insertNode(client, { tenantId: tenant, runId: null });
  await client.query(`UPDATE ${nodes} SET title = 'x' WHERE id = $1`, [id]);
  await client.query(`DELETE FROM ${nodes} WHERE id = $1`, [id]);
  await client.query("COMMIT");
  expect(await countRows(client, nodes)).toBe(before + 1);
}

/** Each: what makes recording fail, and what mends it. */
test.each([
  ["the registry is gone", "RENAME TO hidden", "ALTER TABLE log_archive.hidden RENAME TO dirty_rows"],
  [
    "the registry takes no row, as on a full disk",
    "ADD CONSTRAINT full_disk CHECK (false) NOT VALID",
    "ALTER TABLE log_archive.dirty_rows DROP CONSTRAINT full_disk",
  ],
  ["a column is gone", "RENAME record_id TO hidden", "ALTER TABLE log_archive.dirty_rows RENAME hidden TO record_id"],
])("when %s, the platform's writes go on and each one advances the gaps", async (_, breakIt, mendIt) => {
  const before = await gaps();
  await archive.sql.query(`ALTER TABLE log_archive.dirty_rows ${breakIt}`);
  try {
    await write();
  } finally {
    await archive.sql.query(mendIt);
  }
  expect(await gaps()).toBe(before + 4);
  expect(await takeDirty(archive.sql)).toEqual([]);
});

test("a gap stays though the write was rolled back", async () => {
  const before = await gaps();
  const { sql } = archive;
  await sql.query("ALTER TABLE log_archive.dirty_rows ADD CONSTRAINT full_disk CHECK (false) NOT VALID");
  await sql.query("BEGIN");
  await insertNode(sql, { tenantId: tenant, runId: null });
  await sql.query("ROLLBACK");
  await sql.query("ALTER TABLE log_archive.dirty_rows DROP CONSTRAINT full_disk");
  expect(await gaps()).toBe(before + 1);
});

test("without rights on the registry each write is a gap, and without those on its counter, too, the writes go on", async () => {
  const { sql } = archive;
  const role = await createRole(sql, archive.databaseUrl);
  const before = await gaps();
  await sql.query(`GRANT USAGE, CREATE ON SCHEMA log_archive TO ${role.name}`);
  await sql.query(`ALTER FUNCTION log_archive.capture_${nodes}() OWNER TO ${role.name}`);
  try {
    await write();
    expect(await gaps()).toBe(before + 4);
    await sql.query("REVOKE EXECUTE ON FUNCTION log_archive.count_gap() FROM PUBLIC");
    await write();
    expect(await gaps()).toBe(before + 4);
    await sql.query("GRANT EXECUTE ON FUNCTION log_archive.count_gap() TO PUBLIC");
  } finally {
    await role.drop();
  }
});

test("a registry that somebody locks holds no write up for long", async () => {
  const before = await gaps();
  const blocker = await platform.open("BEGIN; LOCK TABLE log_archive.dirty_rows");
  const client = await platform.open("SET statement_timeout = '10s'");
  try {
    await insertNode(client, { tenantId: tenant, runId: null });
  } finally {
    await blocker.query("ROLLBACK");
  }
  expect(await gaps()).toBe(before + 1);
});

test("TRUNCATE is a gap, for it cannot be said which rows went", async () => {
  const before = await gaps();
  await archive.sql.query("TRUNCATE workflow_app_logs");
  expect(await gaps()).toBe(before + 1);
  expect(await takeDirty(archive.sql)).toEqual([]);
});

test("the platform's role needs no rights on our schema, and its search path does not matter", async () => {
  const { sql } = archive;
  const role = await createRole(sql, archive.databaseUrl);
  try {
    await sql.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${nodes} TO ${role.name}`);
    const client = await platform.open(`SET ROLE ${role.name}; SET search_path = public, pg_temp`);
    await client.query("CREATE TEMP TABLE dirty_rows (x int); CREATE TEMP TABLE new_rows (id int)");
    await expect(client.query("SELECT FROM log_archive.dirty_rows")).rejects.toThrow("permission denied");
    const id = await insertNode(client, { tenantId: tenant, runId: null });
    expect((await takeDirty(sql)).map((entry) => entry.id)).toEqual([id]);
    await client.end();
  } finally {
    await role.drop();
  }
});

test("what a session with session_replication_role = replica writes is recorded", async () => {
  const client = await platform.open("SET session_replication_role = replica");
  const id = await insertNode(client, { tenantId: tenant, runId: null });
  expect((await takeDirty(archive.sql)).map((entry) => entry.id)).toEqual([id]);
});
