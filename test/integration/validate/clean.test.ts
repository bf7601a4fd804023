import { afterEach, describe, expect, test } from "vitest";
import { schemaVersions } from "../../../dev/sample-logs/schema.ts";
import { compareStores } from "../../support/compare-stores.ts";
import {
  countRows,
  createTestArchive,
  migrateOnce,
  type SampleSize,
  type TestArchive,
} from "../../support/test-archive.ts";
import { runApp } from "../../support/app-process.ts";
import { validateOnce } from "./validate-once.ts";

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
  test("hostile rows match; those that no index can hold are missing with the reason", async () => {
    const isNewest = schema === "1.16";
    const stores = await archiveOf({
      schema,
      nodeExecutions: isNewest ? 200 : 50,
      hostile: true,
      unarchivable: isNewest,
      hugeRows: isNewest,
    });
    if (!isNewest && !full) await keepFewMonths(stores);
    await migrateOnce(stores);
    const rows = await countRows(stores.sql);
    const unarchivable = isNewest ? 18 : 0;

    for (const call of [{ level: "full" }, { level: "sample", sampleSize: 100_000 }] as const) {
      const report = await validateOnce(stores, call);
      const totals = Object.values(report.byDataType);
      const sum = (key: keyof (typeof totals)[number]) => totals.reduce((all, one) => all + one[key], 0);
      expect(report.status).toBe(isNewest ? "mismatch" : "match");
      expect({ source: sum("source"), target: sum("target"), checked: sum("checked") }).toEqual({
        source: rows,
        target: rows - unarchivable,
        checked: rows,
      });
      expect({ matched: sum("matched"), missing: sum("missing"), refused: sum("recordErrors") }).toEqual({
        matched: rows - unarchivable,
        missing: unarchivable,
        refused: unarchivable,
      });
      expect(sum("different") + sum("extra") + sum("changed") + sum("lost")).toBe(0);
      expect(report.differences).toHaveLength(unarchivable);
      for (const { kind, reason } of report.differences) {
        expect(kind).toBe("missing");
        expect(reason).toMatch(/no document can be made of its created_at, tenant id or id/);
      }
    }
  });
});

test("pages of one row and of a few bytes, with rows of one instant, with and without a serving index", async () => {
  const stores = await archiveOf({ nodeExecutions: 60, tenants: 1, months: 1 });
  await stores.sql.query("UPDATE workflow_node_executions SET created_at = '2025-09-15 12:00:00.654321'");
  await migrateOnce(stores);
  const rows = await countRows(stores.sql);
  const checked = ({ byDataType }: Awaited<ReturnType<typeof validateOnce>>) =>
    Object.values(byDataType).reduce((sum, totals) => sum + totals.matched, 0);
  for (const call of [{ batchRows: 1 }, { batchBytes: 100 }, { batchRows: 7, concurrency: 1 }])
    expect(checked(await validateOnce(stores, { ...call, level: "full" }))).toBe(rows);
  await stores.sql.query("CREATE INDEX ON workflow_node_executions (tenant_id, created_at, id); ANALYZE");
  expect(checked(await validateOnce(stores, { batchRows: 7, level: "full" }))).toBe(rows);
  expect((await compareStores(stores)).differences).toEqual([]);
});

test("a tenant without rows and a database without any: said, exit 0; nothing is written to Elasticsearch", async () => {
  const stores = await archiveOf({ nodeExecutions: 30, tenants: 1, months: 1 });
  const nobody = "00000000-0000-4000-8000-000000000000";
  const end = await runApp(stores, [
    "elasticsearch",
    "validate",
    "--tenant-id",
    nobody,
    "--json",
    "--full",
    "--repair",
  ]);
  expect(end).toMatchObject({ code: 0 });
  expect(JSON.parse(end.stdout)).toMatchObject({
    command: "elasticsearch validate",
    tenantId: nobody,
    status: "match",
    byDataType: { workflow_runs: { source: 0, target: 0, checked: 0 } },
    warnings: [expect.stringContaining("no rows and no documents")],
  });
  const text = await runApp(stores, ["elasticsearch", "validate", "--tenant-id", nobody]);
  expect(text.stdout).toMatch(/no rows and no documents[^]*✓/);
  expect((await compareStores(stores)).documents).toBe(0);
});

test("rows that were never copied are missing, exit 3; --repair copies them", async () => {
  const stores = await archiveOf({ nodeExecutions: 40, tenants: 1, months: 1 });
  const rows = await countRows(stores.sql);

  const before = await runApp(stores, ["elasticsearch", "validate", "--full", "--json"]);

  expect(before).toMatchObject({ code: 3 });
  expect(JSON.parse(before.stdout)).toMatchObject({
    level: "full",
    status: "mismatch",
    repaired: 0,
    byDataType: { node_executions: { source: 40, target: 0, checked: 40, matched: 0, missing: 40 } },
  });
  const repair = await runApp(stores, ["elasticsearch", "validate", "--full", "--repair"]);
  expect(repair).toMatchObject({ code: 0 });
  expect(repair.stdout).toMatch(/✓ SUCCESS/);
  expect(await compareStores(stores)).toMatchObject({ differences: [], documents: rows });
  expect(await validateOnce(stores, { level: "full" })).toMatchObject({ status: "match" });
});
