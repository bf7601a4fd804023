import { afterEach, expect, test } from "vitest";
import type { DataType } from "../../../src/workflow-logs/partitions/log-types.ts";
import { compareStores } from "../../support/compare-stores.ts";
import { untilReported } from "../../support/statistics.ts";
import {
  createTestArchive,
  migrateOnce,
  type SampleSize,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";

const archives: TestArchive[] = [];
afterEach(async () => {
  for (const archive of archives.splice(0)) await archive.drop();
});

async function archiveOf(sample: SampleSize): Promise<TestArchive> {
  const archive = await createTestArchive(sample);
  archives.push(archive);
  return archive;
}

/** Sequential scans of each table so far. */
async function scans({ sql }: TestArchive): Promise<Record<string, number>> {
  await untilReported(sql);
  const { rows } = await sql.query<{ table: string; scans: number }>(
    "SELECT relname AS table, seq_scan::int AS scans FROM pg_stat_user_tables WHERE schemaname = 'public'",
  );
  return Object.fromEntries(rows.map(({ table, scans: count }) => [table, count]));
}

const watched = [
  "workflow_runs",
  "workflow_app_logs",
  "workflow_node_executions",
  "workflow_node_execution_offload",
  "upload_files",
  "end_users",
  "accounts",
  "workflow_trigger_logs",
];

async function scansOfMigrate(
  archive: TestArchive,
  batchRows: number,
  dataType: DataType = "node_executions",
): Promise<Record<string, number>> {
  const before = await scans(archive);
  await migrateOnce(archive, { batchRows, scope: { dataTypes: [dataType] } });
  const after = await scans(archive);
  return Object.fromEntries(
    watched.filter((name) => name in after).map((name) => [name, after[name]! - before[name]!]),
  );
}

const withoutOffloads = {
  workflow_runs: 0,
  workflow_app_logs: 0,
  workflow_node_executions: 1,
  end_users: 0,
  accounts: 0,
};

test.each([
  ["1.16", { ...withoutOffloads, workflow_node_execution_offload: 0, upload_files: 0, workflow_trigger_logs: 0 }],
  ["1.8", { ...withoutOffloads, upload_files: 0 }],
] as const)(
  "Dify %s, no serving index: one scan of node executions, whatever the partitions and pages",
  async (schema, once) => {
    const one = await archiveOf({ schema, nodeExecutions: 40, tenants: 1, months: 1 });
    expect(await scansOfMigrate(one, 1000)).toEqual(once);

    const many = await archiveOf({ schema, nodeExecutions: 600, tenants: 5, months: 6 });
    expect(await scansOfMigrate(many, 10)).toEqual(once);
    expect(await scansOfMigrate(many, 10)).toEqual(once); // nothing new
    expect(await writes(many)).toBe(600);
  },
);

test("app logs: one scan of theirs, none of the runs, end users and accounts that their documents carry", async () => {
  const archive = await archiveOf({ nodeExecutions: 600, tenants: 3, months: 4 });
  const once = { ...withoutOffloads, workflow_app_logs: 1, workflow_node_executions: 0, workflow_trigger_logs: 0 };
  expect(await scansOfMigrate(archive, 5, "app_logs")).toMatchObject(once);
  expect(await scansOfMigrate(archive, 5, "app_logs")).toMatchObject(once); // nothing new
});

test("the trigger of an app log is looked up by its run: no plan walks the triggers in the order of their ids", async () => {
  const archive = await archiveOf({ nodeExecutions: 600, tenants: 1, months: 1 });
  await archive.sql.query(
    `INSERT INTO workflow_trigger_logs (id, tenant_id, app_id, workflow_id, workflow_run_id, trigger_metadata, trigger_type, trigger_data, inputs, status, queue_name, created_by_role, created_by, retry_count)
     SELECT gen_random_uuid(), tenant_id, app_id, workflow_id, CASE WHEN n = 1 THEN id ELSE gen_random_uuid() END, '{}', 'x', '{}', '{}', 'succeeded', 'q', 'account', 'x', 0
       FROM (SELECT * FROM workflow_runs LIMIT 20) runs, generate_series(1, 100) n;
     ANALYZE workflow_trigger_logs`,
  );
  await migrateOnce(archive, { scope: { dataTypes: ["app_logs"] } });
  await scans(archive); // waits until all have reported
  const { rows } = await archive.sql.query<{ name: string; read: number }>(
    "SELECT indexrelname AS name, idx_tup_read::int AS read FROM pg_stat_user_indexes WHERE relname = 'workflow_trigger_logs' AND idx_scan > 0",
  );
  expect(rows.map(({ name }) => name)).toEqual(["workflow_trigger_log_workflow_run_idx"]);
  expect(rows[0]!.read).toBeLessThan(200);
});

test("with an index that serves, no key table is made and no page scans", async () => {
  const archive = await archiveOf({ nodeExecutions: 300, tenants: 3, months: 2 });
  await archive.sql.query("CREATE INDEX ON workflow_node_executions (tenant_id, created_at, id)");
  await archive.sql.query(`
    CREATE TABLE created_tables (identity text);
    CREATE FUNCTION note_table() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO public.created_tables SELECT object_identity FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table'; END $$;
    CREATE EVENT TRIGGER note_table ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS') EXECUTE FUNCTION note_table()`);

  const scanned = await scansOfMigrate(archive, 10);

  expect(scanned).toEqual({
    ...withoutOffloads,
    workflow_node_execution_offload: 0,
    upload_files: 0,
    workflow_trigger_logs: 0,
  });
  const { rows } = await archive.sql.query<{ identity: string }>("SELECT identity FROM created_tables");
  expect(rows.map(({ identity }) => identity)).toContain("log_archive.partitions");
  expect(rows.filter(({ identity }) => identity.includes("keys_"))).toEqual([]);
  expect(await writes(archive)).toBe(300);
  await migrateOnce(archive);
  expect((await compareStores(archive)).differences).toEqual([]);
});
