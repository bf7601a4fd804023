import { afterEach, describe, expect, test } from "vitest";
import { schemaVersions } from "../../../dev/sample-logs/schema.ts";
import { createPool } from "../../../src/stores/postgres/connection/pool.ts";
import { logTypes } from "../../../src/workflow-logs/partitions/log-types.ts";
import { pageQuery, rowsByIdQuery } from "../../../src/workflow-logs/rows/row-query.ts";
import { inspectSources } from "../../../src/workflow-logs/partitions/source-schema.ts";
import { archivedDocuments } from "../../support/archived-documents.ts";
import { compareRelatedRows } from "../../support/compare-related-rows.ts";
import { insertRun, type RunToInsert } from "../../support/insert-run.ts";
import {
  createTestArchive,
  migrateOnce,
  type SampleSize,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";
import { validateOnce } from "../validate/validate-once.ts";

const tenantId = "00000000-0000-4000-8000-00000000000a";
const otherTenant = "00000000-0000-4000-8000-00000000000b";

let archive: TestArchive;
afterEach(() => archive.drop());

async function archiveOf(sample: SampleSize = {}): Promise<TestArchive> {
  return (archive = await createTestArchive({ tenants: 1, months: 1, ...sample }));
}

/** `archive` of one app log's document. */
async function archiveOfLog(id: string): Promise<Record<string, unknown>> {
  for await (const page of archivedDocuments(archive.elasticsearchUrl, archive.prefix))
    for (const document of page) if (document.id === id) return document.source["archive"] as Record<string, unknown>;
  throw new Error(`no document of ${id}`);
}

describe.each(schemaVersions)("Dify %s", (schema) => {
  test("an app log's document carries its run, trigger, end user and account exactly, and none of another tenant", async () => {
    await archiveOf({ schema, nodeExecutions: 300, hostile: true, months: 1 });
    await archive.sql.query(
      `UPDATE workflow_app_logs SET created_by_role = 'end-user' WHERE id = (SELECT id FROM workflow_app_logs WHERE created_by_role = 'end_user' ORDER BY id LIMIT 1);
       DELETE FROM workflow_node_executions WHERE to_char(created_at, 'YYYY-MM') NOT IN ('2025-09', '2024-12');
       DELETE FROM workflow_app_logs WHERE to_char(created_at, 'YYYY-MM') NOT IN ('2025-09', '2024-12');`,
    );
    await migrateOnce(archive, { scope: { dataTypes: ["app_logs"] } });

    const { differences, run, trigger, end_user, account } = await compareRelatedRows(archive);

    expect(differences).toEqual([]);
    for (const carried of [run, end_user, account]) expect(carried).toBeGreaterThan(3);
    const { rows } = await archive.sql.query("SELECT to_regclass('workflow_trigger_logs') IS NOT NULL AS triggers");
    expect(trigger > 0).toBe(rows[0].triggers);
  });
});

test("with the source's clock elsewhere, the run's times have its offset", async () => {
  await archiveOf({ nodeExecutions: 200 });
  await migrateOnce(archive, { settings: { sourceTimeZone: "Asia/Shanghai" }, scope: { dataTypes: ["app_logs"] } });
  const { differences, run } = await compareRelatedRows(archive, "Asia/Shanghai");
  expect(differences).toEqual([]);
  expect(run).toBeGreaterThan(3);
});

test("tables that are not there, and a run that is not, are left out", async () => {
  await archiveOf();
  await archive.sql.query("DROP TABLE accounts, end_users");
  const { logId, runId } = await insertRun(archive.sql, { tenantId });
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [runId]);
  await migrateOnce(archive);
  expect(Object.keys(await archiveOfLog(logId))).toEqual(["search_text", "copied_at"]);
});

test.each([
  ["bounded", `héllo 你\n1.0`],
  ["off", undefined],
] as const)("search text %s: the decoded values of the run's inputs and outputs", async (searchText, expected) => {
  await archiveOf();
  const { logId } = await insertRun(archive.sql, { tenantId });
  await migrateOnce(archive, { settings: { searchText } });
  const found = await archiveOfLog(logId);
  expect(found["search_text"]).toBe(expected);
  expect(found["run"]).toMatchObject({ status: "succeeded" });
});

test("search text is bounded for each column, however large the run", async () => {
  await archiveOf();
  const { logId, runId } = await insertRun(archive.sql, { tenantId });
  await archive.sql.query(`UPDATE workflow_runs SET inputs = '"' || repeat('\\u4f60', 100000) || '"' WHERE id = $1`, [
    runId,
  ]);
  await migrateOnce(archive);
  expect((await archiveOfLog(logId))["search_text"]).toBe(`${"你".repeat(1000)}\n1.0`);
});

test("the text of runs counts for the size of a page of app logs", async () => {
  await archiveOf();
  for (let at = 0; at < 20; at++) await insertRun(archive.sql, { tenantId });
  await archive.sql.query("UPDATE workflow_runs SET inputs = repeat('x', 20000)");
  const pool = createPool(archive.databaseUrl);
  try {
    const [source] = await inspectSources(pool, { dataTypes: ["app_logs"], tenantIds: [] }, "bounded");
    const { table, layout } = source!;
    const range = { tenantId, from: "2025-01-01", to: "2026-01-01", after: undefined, rows: 100, bytes: 50_000 };
    const listing = { sqlName: table.sqlName, isKeyTable: false };
    const page = await pool.query(pageQuery(table, layout, listing, range));
    expect(page.rows).toHaveLength(5); // of 12 kB each, what is looked at for 1000 characters; the last takes it beyond
    const { rows } = await pool.query<{ id: string }>("SELECT id FROM workflow_app_logs");
    const byId = await pool.query(
      rowsByIdQuery(
        table,
        layout,
        { tenantId },
        rows.map(({ id }) => id),
        50_000,
      ),
    );
    expect(byId.rows).toHaveLength(5);
  } finally {
    await pool.end();
  }
});

describe("when a run is copied again", () => {
  /** What was noted as dirty, whether or not it was applied since. */
  async function noteDirtyRows(): Promise<() => Promise<unknown[]>> {
    await archive.sql.query(
      `CREATE TABLE noted (data_type text, record_id text, operation text, tenant_id text);
       CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO public.noted VALUES (new.data_type, new.record_id, new.operation, new.tenant_id); RETURN new; END $$;
       CREATE TRIGGER note AFTER INSERT ON log_archive.dirty_rows FOR EACH ROW EXECUTE FUNCTION note()`,
    );
    return async () => (await archive.sql.query("SELECT * FROM noted ORDER BY record_id")).rows;
  }

  const running: RunToInsert = { tenantId, status: "running", nodes: 0 };
  const end = (runId: string) =>
    archive.sql.query("UPDATE workflow_runs SET status = 'succeeded' WHERE id = $1", [runId]);

  test.each(schemaVersions)(
    "Dify %s: its app logs become dirty rows, no others, and are written again",
    async (schema) => {
      await archiveOf({ schema });
      const ended = await insertRun(archive.sql, running);
      await insertRun(archive.sql, running);
      const foreign = await insertRun(archive.sql, { ...running, tenantId: otherTenant });
      await archive.sql.query("UPDATE workflow_app_logs SET workflow_run_id = $1 WHERE id = $2", [
        ended.runId,
        foreign.logId,
      ]);
      await migrateOnce(archive);
      const noted = await noteDirtyRows();
      await migrateOnce(archive);
      expect(await noted()).toEqual([]); // nothing changed, nothing copied again

      await end(ended.runId);
      await migrateOnce(archive);

      expect(await noted()).toEqual([
        { data_type: "app_logs", record_id: ended.logId, operation: "T", tenant_id: tenantId },
      ]);
      expect(await archiveOfLog(ended.logId)).toMatchObject({ run: { status: "succeeded" } });
      expect((await compareRelatedRows(archive)).differences).toEqual([]);
    },
  );

  test("a first copy notes nothing", async () => {
    await archiveOf({ nodeExecutions: 200 });
    await migrateOnce(archive);
    expect((await archive.sql.query("SELECT 1 FROM log_archive.dirty_rows")).rows).toEqual([]);
  });

  test("a schema without app logs is no obstacle", async () => {
    await archiveOf();
    const { runId } = await insertRun(archive.sql, running);
    await archive.sql.query("DROP TABLE workflow_app_logs");
    const runs = { scope: { dataTypes: ["workflow_runs" as const] } };
    await migrateOnce(archive, runs);
    await end(runId);
    expect(await migrateOnce(archive, runs)).toMatchObject({ status: "completed" });
  });
});

test("an app log whose run is written late is copied again when the run is there", async () => {
  await archiveOf();
  const { runId, logId } = await insertRun(archive.sql, { tenantId });
  await archive.sql.query("CREATE TABLE late AS SELECT * FROM workflow_runs WHERE id = $1", [runId]);
  await archive.sql.query("DELETE FROM workflow_runs WHERE id = $1", [runId]);
  const logs = { scope: { dataTypes: ["app_logs" as const] } };
  await migrateOnce(archive, logs);
  const before = await writes(archive);
  await migrateOnce(archive, logs);
  expect(await writes(archive)).toBe(before);

  await archive.sql.query("INSERT INTO workflow_runs SELECT * FROM late");
  await migrateOnce(archive, logs);

  expect(await archiveOfLog(logId)).toMatchObject({ run: { id: runId }, search_text: "héllo 你\n1.0" });
  expect(await writes(archive)).toBe(before + 1);
  await migrateOnce(archive, logs);
  expect(await writes(archive)).toBe(before + 1);
});

test("what a document carries of its run is no part of the row: validation does not look at it", async () => {
  await archiveOf({ nodeExecutions: 200 });
  await migrateOnce(archive);
  await archive.sql.query("UPDATE workflow_runs SET status = 'other', outputs = 'other'");
  await archive.sql.query("UPDATE end_users SET session_id = 'other'");
  const report = await validateOnce(archive, { level: "full", scope: { dataTypes: [logTypes.app_logs.dataType] } });
  expect(report).toMatchObject({ status: "match" });
  expect(report.byDataType.app_logs?.checked).toBeGreaterThan(3);
});
