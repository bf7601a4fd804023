import { afterAll, beforeAll, expect, test } from "vitest";
import type { DryRun } from "../../../src/workflow-logs/migrate/dry-run.ts";
import type { MigrateReport } from "../../../src/workflow-logs/copying/report.ts";
import type { Finding } from "../../../src/workflow-logs/preflight/finding.ts";
import type { StatusReport } from "../../../src/workflow-logs/status.ts";
import { runAppHere } from "../../support/app-here.ts";
import { countRows, createTestArchive, documentsByIndex, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 200, tenants: 2, months: 2, unarchivable: true });
});
afterAll(() => archive.drop());

async function json(...args: string[]): Promise<{ code: number | null; document: unknown }> {
  const end = await runAppHere(archive, [...args, "--json"]);
  return { code: end.code, document: JSON.parse(end.stdout) };
}

type DryRunReport = DryRun["report"];

test("the commands tell the same story before and after a migration, and look without touching", async () => {
  const rows = await countRows(archive.sql);

  const preflight = await json("elasticsearch", "preflight");
  expect(preflight).toMatchObject({ code: 0, document: { status: "warn" } });
  const index = (preflight.document as { findings: Finding[] }).findings.find(
    ({ check }) => check === "index of workflow_node_executions",
  );
  expect(index?.hint).toMatch(
    /CREATE INDEX CONCURRENTLY ON .*workflow_node_executions.* \(tenant_id, created_at, id\)/,
  );

  const plan = await json("elasticsearch", "migrate", "--dry-run");
  expect(plan).toMatchObject({
    code: 0,
    document: { status: "dry_run", dryRun: true, runId: null, totals: { source: rows, migrated: 0 } },
  });
  expect((plan.document as DryRunReport).estimates).toMatchObject({
    indices: (plan.document as DryRunReport).partitions.total,
    shards: (plan.document as DryRunReport).partitions.total,
  });
  expect((plan.document as DryRunReport).estimates.seconds).toBeGreaterThan(0);

  const before = await json("elasticsearch", "status");
  expect(before.document).toMatchObject({
    indices: [],
    runs: [],
    templates: [{ state: "missing" }, { state: "missing" }, { state: "missing" }],
  });
  expect((before.document as StatusReport).coverage.every(({ state }) => state === "planned")).toBe(true);

  expect((await archive.sql.query("select to_regnamespace('log_archive') as state")).rows).toEqual([{ state: null }]);
  expect(await json("db", "current")).toMatchObject({ code: 0, document: { current: null } });
  expect(await json("runs", "list")).toMatchObject({ code: 0, document: { runs: [] } });
  expect(await json("elasticsearch", "errors", "list")).toMatchObject({ code: 0, document: { total: 0 } });

  const done = await json("elasticsearch", "migrate");
  const { migrated, failed } = (done.document as MigrateReport).totals;
  expect(done).toMatchObject({ code: 3, document: { status: "completed_with_errors", totals: { source: rows } } });
  expect(failed).toBeGreaterThan(0);
  expect(migrated + failed).toBe(rows);
  expect((done.document as MigrateReport).partitions).toEqual({
    total: (plan.document as DryRunReport).partitions.total,
    done: (plan.document as DryRunReport).partitions.total,
    remaining: 0,
  });
  const byType = Object.values((done.document as MigrateReport).byDataType);
  expect(byType.reduce((sum, totals) => sum + totals.migrated, 0)).toBe(migrated);

  const after = await json("elasticsearch", "status");
  expect(
    (after.document as StatusReport).coverage.every(
      ({ state, sourceRows, targetDocuments }) => state === "copied" && sourceRows === targetDocuments,
    ),
  ).toBe(true);
  expect(
    (after.document as StatusReport).indices.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b)),
  ).toEqual(Object.keys(await documentsByIndex(archive)).toSorted((a, b) => a.localeCompare(b)));

  expect(await json("elasticsearch", "errors", "list", "--data-type", "app_logs")).toMatchObject({
    document: { byType: { created_at_without_month: failed / 3 } },
  });
  const shown = await json("runs", "show", (done.document as MigrateReport).runId!.slice(0, 8));
  expect(shown.document).toMatchObject({ id: (done.document as MigrateReport).runId, status: "completed_with_errors" });
  expect((shown.document as { report: MigrateReport }).report.totals).toEqual((done.document as MigrateReport).totals);
});

test("one tenant alone is shown when it is asked for", async () => {
  const { rows } = await archive.sql.query<{ id: string }>(
    "select tenant_id::text as id from workflow_runs group by 1 order by count(*) limit 1",
  );
  const { document } = await json("elasticsearch", "status", "--tenant-id", rows[0]!.id);
  const tenants = new Set(
    [...(document as StatusReport).coverage, ...(document as StatusReport).indices].map(({ tenantId }) => tenantId),
  );
  expect([...tenants]).toEqual([rows[0]!.id]);
});

test("record errors that are discarded are forgotten, after a confirmation", async () => {
  expect(await json("elasticsearch", "errors", "discard")).toMatchObject({
    code: 2,
    document: { error: { code: "confirmation_needed" } },
  });
  const discarded = await json("elasticsearch", "errors", "discard", "--yes");
  expect((discarded.document as { discarded: number }).discarded).toBeGreaterThan(0);
  expect(await json("elasticsearch", "errors", "list")).toMatchObject({ document: { total: 0 } });
});

test("a schema made by a newer program is refused and left alone", async () => {
  await archive.sql.query("insert into log_archive.schema_versions (name, timestamp) values ('9999_future', 'now')");
  for (const command of [
    ["db", "upgrade"],
    ["elasticsearch", "migrate"],
  ]) {
    expect(await json(...command)).toMatchObject({
      code: 1,
      document: { error: { code: "state_newer", message: expect.stringContaining("9999_future") as string } },
    });
  }
  await archive.sql.query("delete from log_archive.schema_versions where name = '9999_future'");
  expect(await json("db", "upgrade")).toMatchObject({ code: 0 });
});

test("many upgrades at once apply each migration once", async () => {
  await archive.sql.query("drop schema log_archive cascade");
  const ends = await Promise.all(Array.from({ length: 4 }, () => json("db", "upgrade")));
  expect(ends.every(({ code }) => code === 0)).toBe(true);
  expect(
    ends.flatMap(({ document }) => (document as { applied: string[] }).applied).filter((name) => name === "0001_state"),
  ).toEqual(["0001_state"]);
});
