import { afterEach, beforeEach, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import {
  countRows,
  createTestArchive,
  documentsByIndex,
  migrateOnce,
  type TestArchive,
} from "../../support/test-archive.ts";

let archive: TestArchive;
beforeEach(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 2, months: 1 });
});
afterEach(() => archive.drop());

const app = (...args: string[]) => runAppHere(archive, ["elasticsearch", ...args, "--json"]);
const documents = async () => Object.values(await documentsByIndex(archive)).reduce((sum, count) => sum + count, 0);

async function tenantOfMost(): Promise<string> {
  const { rows } = await archive.sql.query<{ tenant: string }>(
    "select tenant_id::text as tenant from workflow_runs group by 1 order by count(*) desc limit 1",
  );
  return rows[0]!.tenant;
}

test.each([
  ["created_at is NULL", "workflow_runs", "created_at", "created_at = null", { created_at_without_month: 1 }],
  ["the tenant is NULL", "workflow_app_logs", "tenant_id", "tenant_id = null", { tenant_without_index: 1 }],
  [
    "both are NULL",
    "workflow_runs",
    "tenant_id",
    "created_at = null, tenant_id = null",
    { created_at_without_month: 1 },
  ],
])("a row whose %s becomes a record error, and all others are copied", async (_, table, column, set, byType) => {
  const rows = await countRows(archive.sql);
  const tenant = await tenantOfMost();
  await archive.sql.query(`alter table ${table} alter ${column} drop not null, alter created_at drop not null`);
  await archive.sql.query(`update ${table} set ${set} where id = (select id from ${table} order by id limit 1)`);

  for (const command of ["preflight", "migrate --dry-run"]) expect((await app(...command.split(" "))).code).toBe(0);
  const report = await migrateOnce(archive);
  expect(report).toMatchObject({ status: "completed_with_errors", errors: { total: 1, byType } });
  expect(await documents()).toBe(rows - 1);

  const again = await app("migrate");
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(/1 record error/);
  expect(JSON.parse((await app("status")).stdout)).toMatchObject({ recordErrors: byType });
  expect((await app("errors", "list")).code).toBe(0);
  for (const [command, ...codes] of [
    ["validate", 0, 3],
    ["cleanup-pg --before-date 2000-01-01 --dry-run", 0, 3],
  ] as const)
    expect(codes, command).toContain((await app(...command.split(" "), "--tenant-id", tenant)).code);
});

test("capture goes on recording rows without keys, and apply-dirty makes record errors of them", async () => {
  await archive.sql.query("alter table workflow_runs alter tenant_id drop not null, alter created_at drop not null");
  await migrateOnce(archive);
  expect((await app("capture", "install")).code).toBe(0);
  await archive.sql.query(
    "update workflow_runs set tenant_id = null where id = (select min(id::text)::uuid from workflow_runs)",
  );
  await archive.sql.query(
    "update workflow_runs set created_at = null where id = (select max(id::text)::uuid from workflow_runs)",
  );
  const applied = await app("apply-dirty");
  expect(applied.code).toBe(3);
  expect(JSON.parse(applied.stdout)).toMatchObject({
    remaining: { rows: 0 },
    errors: { byType: { created_at_without_month: 1, tenant_without_index: 1 } },
  });
  expect(JSON.parse((await app("capture", "status")).stdout)).toMatchObject({ gaps: 0 });
});

test("text ids that are empty, too long or not unique are record errors; a missing one too", async () => {
  const { sql } = archive;
  await sql.query(
    "insert into workflow_app_logs select (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid()))).* from workflow_app_logs l, generate_series(1, 3)",
  );
  await sql.query("alter table workflow_app_logs drop constraint if exists workflow_app_log_pkey cascade");
  await sql.query("alter table workflow_app_logs alter id type text using id::text, alter id drop not null");
  const { rows: ids } = await sql.query<{ id: string }>("select id from workflow_app_logs order by id limit 5");
  const set = (at: number, id: string): Promise<unknown> =>
    sql.query(`update workflow_app_logs set id = ${id} where id = $1`, [ids[at]!.id]);
  await set(0, "''");
  await set(1, "repeat('x', 513)");
  await set(2, "null");
  await set(3, `'${ids[4]!.id}'`);
  const report = await migrateOnce(archive);
  expect(report.status).toBe("completed_with_errors");
  expect(report.errors.byType).toMatchObject({ id_missing: 1, id_not_unique: 1 });
  expect(report.errors.total).toBe(4);
  expect(await documents()).toBe((await countRows(archive.sql)) - 4); // one for the two rows of one id
});
