import { afterEach, expect, test } from "vitest";
import { schemaVersions } from "../../../dev/sample-logs/schema.ts";
import { cleanupOnce, deletedRows, keptRows } from "../../support/cleanup-archive.ts";
import { afterPurge, readAllRows } from "../../support/purge-oracle.ts";
import { countRows, createTestArchive, migrateOnce, type TestArchive, writes } from "../../support/test-archive.ts";

let archive: TestArchive;
afterEach(() => archive.drop());

const before = "2026-01-01 00:00:00.000000";

async function biggestTenant(): Promise<string> {
  const { rows } = await archive.sql.query<{ id: string }>(
    "SELECT tenant_id::text AS id FROM workflow_runs GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
  );
  return rows[0]!.id;
}

async function one<T>(sql: string, values: unknown[] = []): Promise<T> {
  const { rows } = await archive.sql.query<{ value: T }>(sql, values);
  return rows[0]!.value;
}

test.each(schemaVersions)(
  "schema %s, hostile rows: what is deleted is in Elasticsearch exactly, what is kept has a reason, nothing else is touched",
  async (schema) => {
    archive = await createTestArchive({
      nodeExecutions: 700,
      hostile: true,
      unarchivable: true,
      schema,
      tenants: 2,
      months: 2,
    });
    await migrateOnce(archive);
    const tenantId = await biggestTenant();
    const rowsBefore = await readAllRows(archive.sql);
    const written = await writes(archive);
    const orphans =
      "SELECT count(*)::int AS value FROM workflow_node_execution_offload o WHERE NOT EXISTS (SELECT FROM workflow_node_executions n WHERE n.id = o.node_execution_id)";
    const orphansBefore = schema === "1.8" ? 0 : await one<number>(orphans);

    const dry = await cleanupOnce(archive, { tenantId, dryRun: true });
    expect(deletedRows(dry)).toBe(0);
    expect((await afterPurge(archive.sql, archive, rowsBefore)).gone.get("workflow_runs")!.size).toBe(0);

    const report = await cleanupOnce(archive, { tenantId });

    const { gone, problems } = await afterPurge(archive.sql, archive, rowsBefore);
    expect(problems).toEqual([]);
    for (const [table, ids] of gone) {
      const { rows, eligible, deleted, kept } = report.byTable[table]!;
      expect(ids.size).toBe(deleted);
      expect(deleted).toBeGreaterThan(50);
      expect(eligible).toBe(deleted);
      const { eligibleBytes, keptBytes, ...counts } = dry.byTable[table]!;
      expect(counts).toEqual({ rows, eligible, deleted: 0, kept });
      expect(eligibleBytes).toBeGreaterThan(0);
      expect(Object.keys(keptBytes).toSorted()).toEqual(Object.keys(kept).toSorted());
      const left = await one<number>(
        `SELECT count(*)::int AS value FROM ${table} WHERE tenant_id = $1 AND created_at < $2`,
        [tenantId, before],
      );
      expect(Object.values(kept).reduce((sum, count) => sum + count, 0)).toBe(left);
      expect(rows).toBe(deleted + left);
      for (const id of ids) {
        const row = rowsBefore.get(table)!.get(id)!;
        expect(row.tenantId).toBe(tenantId);
        expect(row.texts["created_at"]! < before).toBe(true);
        if (table !== "workflow_app_logs")
          expect(row.texts["status"]).toMatch(/^(succeeded|failed|stopped|partial-succeeded|exception|retry)$/);
      }
      const journal = await one<string[]>(
        "SELECT array_agg(record_id ORDER BY record_id) AS value FROM log_archive.purged_rows WHERE data_type = $1",
        [table.replace("workflow_app_logs", "app_logs").replace("workflow_node", "node")],
      );
      expect(journal).toEqual([...ids].toSorted());
    }
    expect(keptRows(report)).toMatchObject({ running: expect.any(Number), unarchivable: expect.any(Number) });
    expect(report.status).toBe("completed_with_findings");
    if (schema !== "1.8") {
      expect(await one<number>(orphans)).toBe(orphansBefore);
      expect(report.byTable["workflow_node_execution_offload"]!.deleted).toBeGreaterThan(5);
    }

    const rowsLeft = await countRows(archive.sql);
    expect(deletedRows(await cleanupOnce(archive, { tenantId }))).toBe(0);
    await migrateOnce(archive);
    expect(await writes(archive)).toBe(written);
    expect(await countRows(archive.sql)).toBe(rowsLeft);
  },
);

test("a run of which something is kept is kept, and of the runs that are kept only those that a message keeps give their node executions away", async () => {
  archive = await createTestArchive({ nodeExecutions: 700, tenants: 1, months: 1 });
  await migrateOnce(archive);
  const tenantId = await biggestTenant();
  const report = await cleanupOnce(archive, { tenantId });
  expect(report.status).toBe("completed");

  const runsWithoutNodes =
    "SELECT count(*)::int AS value FROM workflow_runs r WHERE NOT EXISTS (SELECT FROM workflow_node_executions n WHERE n.workflow_run_id = r.id)";
  const keptByMessage = `${runsWithoutNodes} AND EXISTS (SELECT FROM messages m WHERE m.workflow_run_id = r.id)`;
  expect(await one<number>(runsWithoutNodes)).toBeGreaterThan(0);
  expect(await one<number>(runsWithoutNodes)).toBe(await one<number>(keptByMessage));
  const orphans =
    "SELECT count(*)::int AS value FROM workflow_node_executions n WHERE n.workflow_run_id IS NOT NULL AND NOT EXISTS (SELECT FROM workflow_runs r WHERE r.id = n.workflow_run_id)";
  expect(await one<number>(orphans)).toBe(0);
  const { rows: partitions } = await archive.sql.query("SELECT DISTINCT state FROM log_archive.partitions");
  expect(partitions).toEqual([{ state: "purged" }]);
});

test("the date may lie inside a month: rows before it go, the others stay", async () => {
  archive = await createTestArchive({ nodeExecutions: 400, tenants: 1, months: 2, firstMonth: "2025-09" });
  await migrateOnce(archive);
  const tenantId = await biggestTenant();
  const day = await one<string>(
    "SELECT (percentile_disc(0.5) WITHIN GROUP (ORDER BY created_at))::date::text AS value FROM workflow_runs WHERE created_at >= '2025-10-02' AND created_at < '2025-11-01'",
  );
  const count = (table: string, condition: string) =>
    one<number>(`SELECT count(*)::int AS value FROM ${table} WHERE created_at ${condition} $1`, [day]);
  const october = await one<number>(
    "SELECT count(*)::int AS value FROM workflow_runs WHERE created_at >= '2025-10-01' AND created_at < $1",
    [day],
  );
  expect(october).toBeGreaterThan(0);
  const stay = { runs: await count("workflow_runs", ">="), nodes: await count("workflow_node_executions", ">=") };
  const go = await count("workflow_runs", "<");

  const report = await cleanupOnce(archive, { tenantId, before: `${day} 00:00:00.000000` });

  expect(report.beforeDate).toBe(day);
  const { deleted, kept } = report.byTable["workflow_runs"]!;
  expect(deleted + Object.values(kept).reduce((sum, rows) => sum + rows, 0)).toBe(go);
  expect(deleted).toBeGreaterThan(go / 2);
  expect(await count("workflow_runs", ">=")).toBe(stay.runs);
  expect(await count("workflow_node_executions", ">=")).toBe(stay.nodes);
});
