import { afterEach, beforeEach, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { cleanupOnce, deletedRows, keptRows } from "../../support/cleanup-archive.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { countRows, createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
let tenant: string;

beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
  const { rows } = await archive.sql.query<{ tenant: string }>(
    "select tenant_id::text as tenant from workflow_runs limit 1",
  );
  tenant = rows[0]!.tenant;
});
afterEach(() => archive.drop());

const app = (...args: string[]) => runAppHere(archive, ["elasticsearch", ...args, "--json"]);

test("a status that is an enum is compared as text by every command and by restore", async () => {
  const { sql } = archive;
  for (const table of ["workflow_runs", "workflow_node_executions"]) {
    const { rows } = await sql.query<{ status: string }>(`select distinct status from ${table}`);
    await sql.query(`create type ${table}_status as enum (${rows.map(({ status }) => `'${status}'`).join(", ")})`);
    await sql.query(
      `alter table ${table} alter status drop default, alter status type ${table}_status using status::${table}_status`,
    );
  }
  expect((await app("capture", "install")).code).toBe(0);
  expect((await migrateOnce(archive)).status).toBe("completed");
  await sql.query("update workflow_runs set status = status");
  expect((await app("apply-dirty")).code).toBe(0);
  expect((await app("validate", "--tenant-id", tenant, "--full")).code).toBe(0);
  const rows = await countRows(sql);
  expect(deletedRows(await cleanupOnce(archive, { tenantId: tenant }))).toBeGreaterThan(0);
  expect((await app("restore", "--tenant-id", tenant)).code).toBe(0);
  expect(await countRows(sql)).toBe(rows);
  expect((await compareStores(archive)).differences).toEqual([]);
});

test("a column that the platform adds later unproves nothing: NULL is no difference, a value is one", async () => {
  const { sql } = archive;
  await migrateOnce(archive);
  await sql.query("alter table workflow_runs add column source_version uuid, add column kind text default 'x'");
  await sql.query("alter table workflow_runs alter kind drop default");
  await sql.query("update workflow_runs set kind = null");
  expect((await app("validate", "--tenant-id", tenant, "--full")).code).toBe(0);
  await sql.query(
    "update workflow_runs set source_version = gen_random_uuid() where id = (select min(id::text)::uuid from workflow_runs)",
  );
  const found = await app("validate", "--tenant-id", tenant, "--full");
  expect(found.code).toBe(3);
  expect(JSON.parse(found.stdout)).toMatchObject({ byDataType: { workflow_runs: { different: 1 } } });
  expect(deletedRows(await cleanupOnce(archive, { tenantId: tenant }))).toBeGreaterThan(0);
  const restored = await app("restore", "--tenant-id", tenant);
  expect(restored.code).toBe(0);
  expect(restored.stdout).toMatch(/source_version was added after/);
});

test.each([
  ["workflow_runs", "on delete restrict"],
  ["workflow_node_executions", ""],
  ["workflow_app_logs", "on delete no action deferrable initially deferred"],
])(
  "rows of %s that a foreign key of the operator's own holds (%s) are kept, as the dry run says",
  async (table, rule) => {
    const { sql } = archive;
    await migrateOnce(archive);
    await sql.query("create schema crm");
    await sql.query(`create table crm.held (log uuid references public.${table} ${rule})`);
    // of those that would go
    const { rows } = await sql.query<{ id: string }>(`select id::text as id from ${table} order by id`);
    await sql.query(`insert into crm.held select id from ${table}`);
    const pretended = await cleanupOnce(archive, { tenantId: tenant, dryRun: true });
    const report = await cleanupOnce(archive, { tenantId: tenant });
    expect(keptRows(pretended)["foreign_key"]).toBeGreaterThan(0);
    expect(keptRows(report)["foreign_key"]).toBe(keptRows(pretended)["foreign_key"]);
    expect(keptRows(report)).not.toHaveProperty("changed");
    expect(await countRows(sql, table)).toBe(rows.length);
    expect(report.byTable[table]!.deleted).toBe(0);
  },
);
