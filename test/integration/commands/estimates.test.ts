import { afterAll, beforeAll, expect, test } from "vitest";
import type { DryRun } from "../../../src/workflow-logs/migrate/dry-run.ts";
import type { Finding } from "../../../src/workflow-logs/preflight/finding.ts";
import type { StatusReport } from "../../../src/workflow-logs/status.ts";
import { runAppHere } from "../../support/app-here.ts";
import { installOnce } from "../../support/capture.ts";
import { createTestArchive, insertRows, migrateOnce, type TestArchive } from "../../support/test-archive.ts";
import { touchedBlocks } from "../../support/touched-blocks.ts";

const nodes = "workflow_node_executions";
/** One row a page, so many that the table is no more read in a moment. */
const added = 14_000;

let archive: TestArchive;
let copied: number;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 2, months: 2 });
  await installOnce(archive);
  copied = (await migrateOnce(archive)).byDataType.node_executions!.migrated;
  await archive.sql.query(`ALTER TABLE ${nodes} ALTER COLUMN process_data SET STORAGE PLAIN`);
  await insertRows(archive.sql, {
    table: nodes,
    like: "true",
    count: added,
    createdAt: "created_at + interval '1 second'",
  });
  await archive.sql.query(
    `UPDATE ${nodes} SET process_data = (SELECT string_agg(md5(at::text), '') FROM generate_series(1, 150) at)`,
  );
  await archive.sql.query(`VACUUM ANALYZE ${nodes}`);
});
afterAll(() => archive.drop());

async function json<T>(...args: string[]): Promise<T> {
  const end = await runAppHere(archive, [...args, "--json"]);
  expect(end.stderr).not.toContain("Error");
  return JSON.parse(end.stdout) as T;
}

const nodeRows = ({ coverage }: StatusReport): number =>
  coverage.filter(({ dataType }) => dataType === "node_executions").reduce((sum, row) => sum + row.sourceRows!, 0);

test("status of large tables: what was copied and the planner's rows, without a look at the table; --exact counts", async () => {
  let report: StatusReport | undefined;
  const { share } = await touchedBlocks(archive.sql, [nodes], async () => {
    report = await json<StatusReport>("elasticsearch", "status");
  });
  expect(share).toBeLessThan(0.01);
  expect(report).toMatchObject({ counts: "estimated", notes: [expect.stringContaining("--exact")] });
  expect(nodeRows(report!)).toBe(copied);
  const estimate = report!.tables.find(({ dataType }) => dataType === "node_executions")!;
  expect(estimate.rows / (copied + added)).toBeCloseTo(1, 1);
  expect(estimate.bytes).toBeGreaterThan(100 * 1024 * 1024);

  const exact = await json<StatusReport>("elasticsearch", "status", "--exact");
  expect(exact).toMatchObject({ counts: "exact", notes: [] });
  expect(nodeRows(exact)).toBe(copied + added);
});

test("a dry run counts what notes tell, whatever the size of the table", async () => {
  const report = await json<DryRun["report"]>("elasticsearch", "migrate", "--dry-run");
  expect(report).toMatchObject({ counts: "exact", byDataType: { node_executions: { source: added } } });
});

test("without notes it estimates, marks it, and --exact counts", async () => {
  const scope = ["--data-type", "node_executions", "--tenant-id"];
  const { rows } = await archive.sql.query<{ tenant: string }>(
    `SELECT tenant_id::text AS tenant FROM ${nodes} GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
  );
  await archive.sql.query("SELECT log_archive.count_gap()");
  const args = ["elasticsearch", "migrate", "--dry-run", ...scope, rows[0]!.tenant];
  const estimated = await json<DryRun["report"]>(...args);
  expect(estimated).toMatchObject({ counts: "estimated", warnings: [expect.stringContaining("--exact")] });
  expect(estimated.totals.source / added).toBeCloseTo(1, 1);
  const exact = await json<DryRun["report"]>(...args, "--exact");
  expect(exact).toMatchObject({ counts: "exact", totals: { source: added }, warnings: [] });
});

test("preflight answers by estimates and says where it has not looked", async () => {
  const { findings } = await json<{ findings: Finding[] }>("elasticsearch", "preflight");
  const of = (check: string) => findings.find((finding) => finding.check === check)?.message;
  expect(of("retention")).toContain("--exact");
  expect(of(`new rows of ${nodes}`)).toBe("are noted by capture");
  const exact = await json<{ findings: Finding[] }>("elasticsearch", "preflight", "--exact");
  expect(exact.findings.find(({ check }) => check === "retention")?.message).not.toContain("--exact");
});

test("status says how long shards and disks last at the archive's pace, for the whole archive alone", async () => {
  const { budget, indices, elasticsearch } = await json<StatusReport>("elasticsearch", "status");
  const { used, limit } = elasticsearch.shards;
  const byMonth = Object.values(Object.groupBy(indices, ({ month }) => month)).map((some) => some!.length);
  expect(budget!.shards).toMatchObject({ used, limit, left: limit - used, eachMonth: Math.max(...byMonth) });
  expect(budget!.disk.eachMonth).toBeGreaterThan(0);
  const ofTenant = await json<StatusReport>("elasticsearch", "status", "--tenant-id", indices[0]!.tenantId);
  expect(ofTenant.budget).toBeNull();
});

test("--exact needs --dry-run", async () => {
  const end = await runAppHere(archive, ["elasticsearch", "migrate", "--exact"]);
  expect(end.code).toBe(2);
  expect(end.stderr).toContain("needs --dry-run");
});
