import { afterAll, beforeAll, expect, test } from "vitest";
import { runApp } from "../../support/app-process.ts";
import { countRows, createTestArchive, documentsByIndex, type TestArchive } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 200, tenants: 2, months: 2, unarchivable: true });
});
afterAll(() => archive.drop());

async function json<T>(...args: string[]): Promise<{ code: number | null; document: T }> {
  const end = await runApp(archive, [...args, "--json"]);
  return { code: end.code, document: JSON.parse(end.stdout) as T };
}

interface Totals {
  source: number;
  migrated: number;
  failed: number;
}

interface Report {
  runId: string | null;
  status: string;
  dryRun: boolean;
  totals: Totals;
  byDataType: Record<string, Totals>;
  partitions: { total: number; done: number; remaining: number };
  estimates: { seconds: number; targetBytes: number; indices: number; shards: number };
}

test("the commands tell the same story before and after a migration, and look without touching", async () => {
  const rows = await countRows(archive.sql);

  const preflight = await json<{ status: string; findings: { check: string; level: string; hint?: string }[] }>(
    "elasticsearch",
    "preflight",
  );
  expect(preflight).toMatchObject({ code: 0, document: { status: "warn" } });
  const index = preflight.document.findings.find(({ check }) => check === "index of workflow_node_executions");
  expect(index?.hint).toMatch(
    /CREATE INDEX CONCURRENTLY ON .*workflow_node_executions.* \(tenant_id, created_at, id\)/,
  );

  const plan = await json<Report>("elasticsearch", "migrate", "--dry-run");
  expect(plan).toMatchObject({
    code: 0,
    document: { status: "dry_run", dryRun: true, runId: null, totals: { source: rows, migrated: 0 } },
  });
  expect(plan.document.estimates).toMatchObject({
    indices: plan.document.partitions.total,
    shards: plan.document.partitions.total,
  });
  expect(plan.document.estimates.seconds).toBeGreaterThan(0);

  const before = await json<{
    coverage: { sourceRows: number; state: string }[];
    indices: unknown[];
    templates: { state: string }[];
    runs: unknown[];
  }>("elasticsearch", "status");
  expect(before.document).toMatchObject({
    indices: [],
    runs: [],
    templates: [{ state: "missing" }, { state: "missing" }, { state: "missing" }],
  });
  expect(before.document.coverage.every(({ state }) => state === "planned")).toBe(true);

  expect((await archive.sql.query("select to_regnamespace('log_archive') as state")).rows).toEqual([{ state: null }]);
  expect(await json("db", "current")).toMatchObject({ code: 0, document: { current: null } });
  expect(await json("runs", "list")).toMatchObject({ code: 0, document: { runs: [] } });
  expect(await json("elasticsearch", "errors", "list")).toMatchObject({ code: 0, document: { total: 0 } });

  const done = await json<Report>("elasticsearch", "migrate");
  const { migrated, failed } = done.document.totals;
  expect(done).toMatchObject({ code: 3, document: { status: "completed_with_errors", totals: { source: rows } } });
  expect(failed).toBeGreaterThan(0);
  expect(migrated + failed).toBe(rows);
  expect(done.document.partitions).toEqual({
    total: plan.document.partitions.total,
    done: plan.document.partitions.total,
    remaining: 0,
  });
  const byType = Object.values(done.document.byDataType);
  expect(byType.reduce((sum, totals) => sum + totals.migrated, 0)).toBe(migrated);

  const after = await json<{
    coverage: { sourceRows: number; targetDocuments: number; state: string }[];
    indices: { name: string }[];
  }>("elasticsearch", "status");
  expect(
    after.document.coverage.every(
      ({ state, sourceRows, targetDocuments }) => state === "copied" && sourceRows === targetDocuments,
    ),
  ).toBe(true);
  expect(after.document.indices.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b))).toEqual(
    Object.keys(await documentsByIndex(archive)).toSorted((a, b) => a.localeCompare(b)),
  );

  expect(await json("elasticsearch", "errors", "list", "--data-type", "app_logs")).toMatchObject({
    document: { byType: { created_at_without_month: failed / 3 } },
  });
  const shown = await json<{ id: string; report: Report }>("runs", "show", done.document.runId!.slice(0, 8));
  expect(shown.document).toMatchObject({ id: done.document.runId, status: "completed_with_errors" });
  expect(shown.document.report.totals).toEqual(done.document.totals);
});

test("one tenant alone is shown when it is asked for", async () => {
  const { rows } = await archive.sql.query<{ id: string }>(
    "select tenant_id::text as id from workflow_runs group by 1 order by count(*) limit 1",
  );
  const { document } = await json<{ coverage: { tenantId: string }[]; indices: { tenantId: string }[] }>(
    "elasticsearch",
    "status",
    "--tenant-id",
    rows[0]!.id,
  );
  const tenants = new Set([...document.coverage, ...document.indices].map(({ tenantId }) => tenantId));
  expect([...tenants]).toEqual([rows[0]!.id]);
});

test("record errors that are discarded are forgotten, after a confirmation", async () => {
  expect(await json("elasticsearch", "errors", "discard")).toMatchObject({
    code: 2,
    document: { error: { code: "confirmation_needed" } },
  });
  const discarded = await json<{ discarded: number }>("elasticsearch", "errors", "discard", "--yes");
  expect(discarded.document.discarded).toBeGreaterThan(0);
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
  const ends = await Promise.all(Array.from({ length: 4 }, () => json<{ applied: string[] }>("db", "upgrade")));
  expect(ends.every(({ code }) => code === 0)).toBe(true);
  expect(ends.flatMap(({ document }) => document.applied).filter((name) => name === "0001_state")).toEqual([
    "0001_state",
  ]);
});
