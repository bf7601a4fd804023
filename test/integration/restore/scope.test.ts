import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { RestoreReport } from "../../../src/workflow-logs/restore/report.ts";
import { archivedDocuments } from "../../support/archived-documents.ts";
import { runApp } from "../../support/app-process.ts";
import { createTestArchive, migrateOnce, type TestArchive, writes } from "../../support/test-archive.ts";
import { deleteLogs, dumpLogs, indexOf, intoTwoMonths, logTables, restoreOnce, tenantsOf } from "./restore-archive.ts";

const nodes = "workflow_node_executions";

let archive: TestArchive;
let tenant: string;
let all: Awaited<ReturnType<typeof dumpLogs>>;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 200, tenants: 1, months: 1, firstMonth: "2025-09" });
  await intoTwoMonths(archive.sql);
  tenant = (await tenantsOf(archive.sql))[0]!;
  all = await dumpLogs(archive.sql);
  await archive.sql.query("CREATE SCHEMA saved");
  for (const table of logTables) await archive.sql.query(`CREATE TABLE saved.${table} AS SELECT * FROM ${table}`);
});
afterAll(() => archive.drop());
afterEach(async () => {
  await archive.sql.query(`TRUNCATE ${logTables.join(", ")}`);
  for (const table of logTables) await archive.sql.query(`INSERT INTO ${table} SELECT * FROM saved.${table}`);
});

async function there(table: string): Promise<number> {
  const { rows } = await archive.sql.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`);
  return rows[0]!.rows;
}

async function stateOf(dataType: string): Promise<string[]> {
  const { rows } = await archive.sql.query<{ state: string }>(
    "SELECT state FROM log_archive.partitions WHERE data_type = $1 ORDER BY month",
    [dataType],
  );
  return rows.map(({ state }) => state);
}

test("before anything was archived there is nothing to restore, which is said and no failure", async () => {
  const [dry, report] = [await restoreOnce(archive, tenant, { dryRun: true }), await restoreOnce(archive, tenant)];
  for (const { byTable, notes } of [dry, report]) {
    expect(notes).toEqual([expect.stringContaining("There is no index of this tenant")]);
    expect(Object.values(byTable).every(({ documents }) => documents === 0)).toBe(true);
  }
  expect(report.status).toBe("completed");
});

describe("archived", () => {
  beforeAll(async () => {
    await migrateOnce(archive);
  });

  test("a dry run says what would be done, and touches neither store", async () => {
    await deleteLogs(archive.sql, "id::text < '8'");
    await archive.sql.query(
      `UPDATE ${nodes} SET title = 'other' WHERE id = (SELECT max(id::text)::uuid FROM ${nodes})`,
    );
    const present = await there(nodes);
    const everything = async () => {
      const { rows } = await archive.sql.query<{ table: string }>(
        `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS table FROM pg_tables WHERE schemaname IN ('public', 'log_archive') ORDER BY 1`,
      );
      const dump: Record<string, unknown> = { writes: await writes(archive) };
      for (const { table } of rows)
        dump[table] = (
          await archive.sql.query(`SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM ${table} t`)
        ).rows;
      return dump;
    };
    const before = await everything();

    const end = await runApp(archive, ["elasticsearch", "restore", "--tenant-id", tenant, "--dry-run", "--json"]);

    expect(end.code).toBe(3); // for the row that is another
    const report = JSON.parse(end.stdout) as RestoreReport;
    const documents = Object.keys(all[nodes]!).length;
    expect(report).toMatchObject({ command: "elasticsearch restore", status: "dry_run", dryRun: true, runId: null });
    expect(report.byTable[nodes]).toEqual({
      deleted: 0,
      documents,
      restored: documents - present,
      present: present - 1,
      different: 1,
      refused: 0,
    });
    expect(report.byPartition).toHaveLength(6);
    expect(report.byPartition.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(report.bytes);
    expect(report.findings).toEqual([expect.objectContaining({ kind: "different", columns: ["title"] })]);
    expect(await everything()).toEqual(before);

    const text = await runApp(archive, ["elasticsearch", "restore", "--tenant-id", tenant, "--dry-run"]);
    expect(text.stdout).toMatch(/Dry run: nothing was touched[\s\S]*would restore/);
  });

  test("only rows between two dates come back, the first day whole and the last", async () => {
    const { rows: days } = await archive.sql.query<{ day: string }>(
      `SELECT DISTINCT created_at::date::text AS day FROM ${nodes} ORDER BY 1`,
    );
    const [start, end] = [days[Math.floor(days.length / 4)]!.day, days[Math.floor((3 * days.length) / 4)]!.day];
    expect([start.slice(0, 7), end.slice(0, 7)]).toEqual(["2025-09", "2025-10"]);
    await deleteLogs(archive.sql, "true");

    const range = ["--start-date", start, "--end-date", end];
    const app = await runApp(archive, ["elasticsearch", "restore", "--tenant-id", tenant, ...range, "--json"]);

    expect(app).toMatchObject({ code: 0 });
    const dump = await dumpLogs(archive.sql);
    for (const table of ["workflow_runs", "workflow_app_logs", nodes]) {
      const { rows } = await archive.sql.query<{ id: string }>(
        `SELECT id::text AS id FROM saved.${table} WHERE created_at >= '${start}' AND created_at < '${end}'::date + 1 ORDER BY id`,
      );
      expect(Object.keys(dump[table]!)).toEqual(rows.map(({ id }) => id));
      expect((JSON.parse(app.stdout) as RestoreReport).byTable[table]).toMatchObject({ documents: rows.length });
    }
    expect(Object.keys(dump[nodes]!).length).toBeGreaterThan(10);
  });

  test("a range of a microsecond finds the row of that instant alone", async () => {
    const { rows } = await archive.sql.query<{ id: string; at: string; next: string }>(
      `SELECT id::text AS id, to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US') AS at, to_char(created_at + interval '1 microsecond', 'YYYY-MM-DD HH24:MI:SS.US') AS next
         FROM ${nodes} ORDER BY created_at OFFSET 50 LIMIT 1`,
    );
    const { id, at, next } = rows[0]!;
    await deleteLogs(archive.sql, "true");
    await restoreOnce(archive, tenant, { start: at, end: next });
    expect(Object.keys((await dumpLogs(archive.sql))[nodes]!)).toContain(id);
    expect(await there(nodes)).toBe(
      Object.values(all[nodes]!).filter((line) => line.includes(at.replace(/\.?0+$/, ""))).length,
    );
  });

  test("only the data types that were named", async () => {
    await deleteLogs(archive.sql, "true");
    const report = await restoreOnce(archive, tenant, { dataTypes: ["app_logs"] });
    expect(Object.keys(report.byTable)).toEqual(["workflow_app_logs"]);
    expect([await there("workflow_runs"), await there(nodes)]).toEqual([0, 0]);
    expect(await there("workflow_app_logs")).toBe(Object.keys(all["workflow_app_logs"]!).length);
  });

  test("partitions that were purged are copied ones again, their rows leave the journal, and what was proved holds no more", async () => {
    await archive.sql.query("UPDATE log_archive.partitions SET state = 'purged'");
    await archive.sql.query(
      `INSERT INTO log_archive.proofs (data_type, tenant_id, month, index_uuid, rows) SELECT data_type, tenant_id, month, index_uuid, 1 FROM log_archive.partitions`,
    );
    await archive.sql.query(
      `INSERT INTO log_archive.purged_rows (data_type, record_id, tenant_id, month)
       SELECT 'node_executions', id::text, tenant_id::text, to_char(created_at, 'YYYY-MM') FROM ${nodes}`,
    );
    await deleteLogs(archive.sql, "created_at >= '2025-10-01'");

    const report = await restoreOnce(archive, tenant);

    expect(report).toMatchObject({ status: "completed", lost: 0 });
    expect(await stateOf("node_executions")).toEqual(["purged", "copied"]); // nothing was missing in the first
    expect((await archive.sql.query("SELECT 1 FROM log_archive.purged_rows")).rowCount).toBe(0);
    const { rows } = await archive.sql.query<{ month: string }>(
      "SELECT month FROM log_archive.proofs WHERE data_type = 'node_executions' AND voided_at IS NULL",
    );
    expect(rows).toEqual([{ month: "2025-09" }]);
    expect(await dumpLogs(archive.sql)).toEqual(all);
    await archive.sql.query("UPDATE log_archive.partitions SET state = 'copied'; TRUNCATE log_archive.proofs");
  });

  test("a purged row whose document is gone is called lost", async () => {
    const { rows } = await archive.sql.query<{ id: string }>(
      `SELECT id::text AS id FROM ${nodes} WHERE created_at < '2025-10-01' ORDER BY id LIMIT 1`,
    );
    const id = rows[0]!.id;
    const index = indexOf(archive, "workflow-node-executions", tenant, "2025.09");
    const url = `${archive.elasticsearchUrl}/${index}`;
    const source = await (await fetch(`${url}/_source/${id}`)).text();
    await fetch(`${url}/_doc/${id}?refresh=true`, { method: "DELETE" });
    await archive.sql.query(
      `INSERT INTO log_archive.purged_rows (data_type, record_id, tenant_id, month) VALUES ('node_executions', '${id}', '${tenant}', '2025-09')`,
    );
    await deleteLogs(archive.sql, `id = '${id}'`);

    const end = await runApp(archive, ["elasticsearch", "restore", "--tenant-id", tenant, "--json"]);

    expect(end.code).toBe(3);
    expect(JSON.parse(end.stdout)).toMatchObject({ lost: 1, findings: [{ table: nodes, id, kind: "lost" }] });
    await fetch(`${url}/_doc/${id}?refresh=true`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: source,
    });
    await archive.sql.query("TRUNCATE log_archive.purged_rows");
  });

  test("the indices keep every document", async () => {
    const before = await writes(archive);
    let documents = 0;
    for await (const page of archivedDocuments(archive.elasticsearchUrl, archive.prefix)) documents += page.length;
    await deleteLogs(archive.sql, "true");
    await restoreOnce(archive, tenant);
    let after = 0;
    for await (const page of archivedDocuments(archive.elasticsearchUrl, archive.prefix)) after += page.length;
    expect(after).toBe(documents);
    expect(await writes(archive)).toBe(before);
  });

  test("an index that is gone is named, with what cannot come back", async () => {
    const index = indexOf(archive, "workflow-runs", tenant, "2025.09");
    await fetch(`${archive.elasticsearchUrl}/${index}`, { method: "DELETE" });
    const missing = { dataType: "workflow_runs", tenantId: tenant, month: "2025-09", state: "copied" };
    const first = await restoreOnce(archive, tenant);
    expect(first).toMatchObject({ status: "completed", missing: [{ ...missing, purgedRows: 0 }] });
    await archive.sql.query(
      `INSERT INTO log_archive.purged_rows (data_type, record_id, tenant_id, month)
       SELECT 'workflow_runs', id::text, tenant_id::text, '2025-09' FROM saved.workflow_runs WHERE created_at < '2025-10-01'`,
    );
    const end = await runApp(archive, ["elasticsearch", "restore", "--tenant-id", tenant]);
    expect(end.code).toBe(3);
    expect(end.stdout).toMatch(/workflow_runs 2025-09: its index is gone, and \d+ purged rows cannot be brought back/);
  });
});

test.each([
  [[], "--tenant-id"],
  [["--tenant-id", "a", "--tenant-id", "b"], "exactly one"],
  [["--tenant-id", "acme"], "uuids"],
])("restore %j is a usage error", async (args, word) => {
  const end = await runApp(archive, ["elasticsearch", "restore", ...args]);
  expect(end.code).toBe(2);
  expect(end.stderr).toContain(word);
});
