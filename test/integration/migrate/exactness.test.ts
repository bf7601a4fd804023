import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { schemaVersions } from "../../../dev/sample-logs/schema.ts";
import { compareStores } from "../../support/compare-stores.ts";
import {
  countRows,
  createTestArchive,
  type MigrateCall,
  migrateOnce,
  type SampleSize,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";

const full = process.env["TEST_FULL"] === "1";

let archive: TestArchive | undefined;
afterEach(async () => {
  await archive?.drop();
  archive = undefined;
});

async function archiveOf(sample: SampleSize): Promise<TestArchive> {
  return (archive = await createTestArchive(sample));
}

/** Making an index takes longer than filling it: the odd months are tried with one schema. */
async function keepFewMonths({ sql }: TestArchive): Promise<void> {
  for (const table of ["workflow_runs", "workflow_app_logs", "workflow_node_executions"])
    await sql.query(
      `DELETE FROM ${table} WHERE created_at >= '0001-01-01' AND created_at < '10000-01-01' AND to_char(created_at, 'YYYY-MM') NOT IN ('2025-09', '2024-12')`,
    );
}

describe.each(schemaVersions)("Dify %s", (schema) => {
  test("every hostile row is archived byte for byte or a record error with a reason", async () => {
    const nodeExecutions = schema === "1.16" ? (full ? 20_000 : 1_500) : 200;
    const stores = await archiveOf({ schema, nodeExecutions, hostile: true, unarchivable: true, hugeRows: full });
    if (schema !== "1.16" && !full) await keepFewMonths(stores);
    const rows = await countRows(stores.sql);

    const report = await migrateOnce(stores);

    const { differences, documents, recordErrors } = await compareStores(stores);
    expect(differences).toEqual([]);
    expect(recordErrors).toBe(18); // six times without a month in three tables
    expect(documents).toBe(rows - 18);
    expect(report).toMatchObject({
      status: "completed_with_errors",
      totals: { source: rows, migrated: rows - 18, skipped: 0, failed: 18 },
      errors: { total: 18, byType: { created_at_without_month: 18 } },
    });
    expect(await writes(stores)).toBe(rows - 18);
  });
});

describe("hostile rows of one tenant", () => {
  let stores: TestArchive;
  beforeAll(async () => {
    stores = await createTestArchive({ nodeExecutions: 50, tenants: 1, months: 1, hostile: true });
    await keepFewMonths(stores);
  });
  afterAll(() => stores.drop());

  async function copiedExactly(options?: MigrateCall): Promise<void> {
    const [rows, before] = [await countRows(stores.sql), await writes(stores)];
    await migrateOnce(stores, { ...options, restart: true });
    expect((await compareStores(stores)).differences).toEqual([]);
    expect((await writes(stores)) - before).toBe(rows);
  }

  test("pages of one row", () => copiedExactly({ batchRows: 1 }));

  test("requests of a few bytes", () => copiedExactly({ batchBytes: 100 }));

  test("one request in flight", () => copiedExactly({ concurrency: 1, batchRows: 20 }));

  test("oldest month first", () => copiedExactly({ order: "oldest" }));

  test("settings of the database change nothing", async () => {
    const database = new URL(stores.databaseUrl).pathname.slice(1);
    for (const setting of [
      "timezone TO 'Asia/Shanghai'",
      "datestyle TO 'German, DMY'",
      "extra_float_digits TO 0",
      "bytea_output TO 'escape'",
      "standard_conforming_strings TO off",
      "intervalstyle TO 'sql_standard'",
    ])
      await stores.sql.query(`ALTER DATABASE ${database} SET ${setting}`);
    await copiedExactly();
  });
});

test.each([
  ["without a serving index", ""],
  ["with a serving index", "CREATE INDEX ON workflow_node_executions (tenant_id, created_at, id)"],
])("300 rows of one instant across the borders of pages of 7, %s", async (_, statement) => {
  const stores = await archiveOf({ nodeExecutions: 300, months: 1, tenants: 1 });
  await stores.sql.query("UPDATE workflow_node_executions SET created_at = '2025-09-15 12:00:00.654321'");
  await stores.sql.query(`${statement}; ANALYZE`);

  const report = await migrateOnce(stores, { scope: { dataTypes: ["node_executions"] }, batchRows: 7 });

  expect(report.totals).toMatchObject({ source: 300, migrated: 300, failed: 0 });
  expect(await writes(stores)).toBe(300);
  await migrateOnce(stores, { batchRows: 7 });
  expect((await compareStores(stores)).differences).toEqual([]);
});

test("no rows at all is a success", async () => {
  const stores = await archiveOf({});

  const report = await migrateOnce(stores);

  expect(report).toMatchObject({
    status: "completed",
    totals: { source: 0, migrated: 0, skipped: 0, failed: 0 },
    partitions: { total: 0 },
    successRate: 100,
  });
  expect(await compareStores(stores)).toEqual({ differences: [], documents: 0, recordErrors: 0 });
});

test("a tenant without rows is a success, and no other tenant is copied", async () => {
  const stores = await archiveOf({ nodeExecutions: 50, tenants: 1, months: 1 });

  const report = await migrateOnce(stores, { scope: { tenantIds: ["00000000-0000-4000-8000-000000000000"] } });

  expect(report).toMatchObject({ status: "completed", totals: { source: 0, migrated: 0 } });
  expect((await compareStores(stores)).documents).toBe(0);
});

test("one tenant is copied whole, and no other", async () => {
  const stores = await archiveOf({ nodeExecutions: 200, tenants: 3, months: 1 });
  const { rows: tenants } = await stores.sql.query<{ id: string; rows: number }>(
    "SELECT tenant_id::text AS id, count(*)::int AS rows FROM workflow_node_executions GROUP BY 1 ORDER BY 2",
  );
  const tenant = tenants[1]!.id;

  await migrateOnce(stores, { scope: { tenantIds: [tenant] } });

  const { rows: foreign } = await stores.sql.query<{ id: string }>(
    `SELECT id::text AS id FROM workflow_runs WHERE tenant_id <> '${tenant}' UNION ALL
     SELECT id::text FROM workflow_app_logs WHERE tenant_id <> '${tenant}' UNION ALL
     SELECT id::text FROM workflow_node_executions WHERE tenant_id <> '${tenant}'`,
  );
  const { differences } = await compareStores(stores);
  expect(differences.map(({ id, at }) => `${id} ${at}`).toSorted()).toEqual(
    foreign.map(({ id }) => `${id} document`).toSorted(),
  );
});
