import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { runApp } from "../../support/app-process.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

/** What operators are told beside what they asked for. */
let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 2, months: 2 });
  const first = await app("migrate");
  expect(first.code).toBe(0);
  expect(first.stderr, "tables of this size are read in a moment").not.toContain("from end to end");
});
afterAll(() => archive?.drop());

function app(...args: string[]) {
  return runAppHere(archive, ["elasticsearch", ...args]);
}

test("record errors of earlier runs are named by a later migrate that is otherwise fine (F17)", async () => {
  await archive.sql.query(
    `INSERT INTO log_archive.record_errors (data_type, record_id, tenant_id, month, type, reason)
       SELECT 'node_executions', id::text, tenant_id::text, to_char(created_at, 'YYYY.MM'), 'mapper_parsing_exception', 'no' FROM workflow_node_executions LIMIT 2`,
  );
  const later = await app("migrate");
  expect(later.code).toBe(0);
  expect(later.stdout).toMatch(/2 record errors of earlier runs are open.*app elasticsearch errors list/s);
  expect(later.stdout).toContain("✓ SUCCESS: nothing new to copy");
  await archive.sql.query("DELETE FROM log_archive.record_errors");
  expect((await app("migrate")).stdout).not.toContain("of earlier runs");
});

test("no command puts a query on a connection that is busy, which the driver will refuse one day (F15)", async () => {
  const strict = { NODE_OPTIONS: "--throw-deprecation" };
  expect((await app("capture", "install")).code).toBe(0);
  await archive.sql.query("UPDATE workflow_node_executions SET title = title || '.'");
  for (const args of [["apply-dirty"], ["migrate", "--restart"], ["validate", "--full"]]) {
    const end = await runApp(archive, ["elasticsearch", ...args], strict);
    expect(end, args[0]).toMatchObject({
      code: 0,
      stderr: expect.not.stringContaining("DeprecationWarning") as string,
    });
  }
  expect((await app("capture", "uninstall", "--yes")).code).toBe(0);
});

test("a schedule that is agreed to beforehand says what it would delete now, and one of every second that this is too often (F24)", async () => {
  const scheduled = await app("retention", "schedule", "--cron", "* * * * * *", "--retention-days", "1", "--yes");
  expect(scheduled.code).toBe(0);
  expect(scheduled.stderr).toMatch(/more often than once an hour/);
  expect(scheduled.stderr).toMatch(/Now it would delete [1-9]\d* ind/);
  const daily = await app("retention", "schedule", "--cron", "0 3 * * *", "--retention-days", "30000", "--yes");
  expect(daily.stderr).not.toMatch(/more often/);
  expect(daily.stderr).toMatch(/Now it would delete (0 indices|nothing|no )/);
  expect((await app("retention", "unschedule")).code).toBe(0);
});

test("reports name the schema of the log tables: always as JSON, and to a person where it is not the default", async () => {
  const [{ tenant }] = (
    await archive.sql.query<{ tenant: string }>("SELECT tenant_id::text AS tenant FROM workflow_runs LIMIT 1")
  ).rows as [{ tenant: string }];
  const folder = await mkdtemp(path.join(tmpdir(), "told-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const commands = [
    ["migrate"],
    ["apply-dirty"],
    ["validate", "--full"],
    ["cleanup-pg", "--tenant-id", tenant, "--before-date", "2000-01-01", "--yes", "--allow-unreplicated"],
    ["restore", "--tenant-id", tenant],
    ["errors", "retry"],
    ["status"],
    ["search", "--tenant-id", tenant, "answer"],
    ["seal", "--tenant-id", tenant, "--dry-run"],
    ["retention", "sweep", "--dry-run"],
    ["export", "--tenant-id", tenant, "--output", path.join(folder, "export")],
    ["evidence", "--tenant-id", tenant, "--output", folder],
  ];
  for (const args of commands) {
    const end = await app(...args, "--json");
    expect(JSON.parse(end.stdout), args[0]).toMatchObject({ sourceSchema: "public" });
  }
  expect((await app("migrate")).stdout).not.toContain("Log tables: schema");

  await archive.sql.query("ALTER SCHEMA public RENAME TO dify; CREATE SCHEMA public");
  try {
    const url = new URL(archive.databaseUrl);
    url.searchParams.set("options", "-c search_path=dify");
    const moved = { ...archive, databaseUrl: url.href };
    expect((await runAppHere(moved, ["elasticsearch", "takeover", "--yes"])).code).toBe(0);
    expect((await runAppHere(moved, ["elasticsearch", "migrate"])).stdout).toMatch(/^Log tables: schema dify\n/);
    const json = await runAppHere(moved, ["elasticsearch", "validate", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ sourceSchema: "dify" });
    expect((await runAppHere(moved, ["elasticsearch", "status"])).stdout).toContain("log tables in the schema dify");
  } finally {
    await archive.sql.query("DROP SCHEMA public; ALTER SCHEMA dify RENAME TO public");
  }
});
