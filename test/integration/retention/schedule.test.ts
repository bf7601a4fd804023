import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { StatusReport } from "../../../src/workflow-logs/status.ts";
import { retentionSchedule } from "../../../src/workflow-logs/retention/schedule/schedule.ts";
import { runAppHere } from "../../support/app-here.ts";
import { createRetentionArchive, putIndex } from "../../support/retention-archive.ts";
import { createRole } from "../../support/sessions.ts";
import type { TestArchive } from "../../support/test-archive.ts";
import { withTestConnections } from "../../support/test-connections.ts";

const tenant = "11111111-1111-4111-8111-111111111111";
const schedule = ["elasticsearch", "retention", "schedule"];

let archive: TestArchive;
beforeAll(async () => {
  archive = await createRetentionArchive();
  await putIndex(archive, { tenantId: tenant, month: "2024-01", createdAt: ["2024-01-05T00:00:00Z"] });
});
afterAll(() => archive.drop());
beforeEach(async () => {
  await archive.sql.query("DROP SCHEMA IF EXISTS log_archive_jobs CASCADE");
});

async function json(...args: string[]): Promise<{ code: number | null; document: Record<string, unknown> }> {
  const end = await runAppHere(archive, [...args, "--json"], { ELASTICSEARCH_RETENTION_DAYS: "45" });
  return { code: end.code, document: JSON.parse(end.stdout) as Record<string, unknown> };
}

async function hasJobs(): Promise<boolean> {
  const { rows } = await archive.sql.query("SELECT to_regnamespace('log_archive_jobs') IS NOT NULL AS there");
  return (rows as [{ there: boolean }])[0].there;
}

test.each([
  [["--cron", "0 3"], "invalid_cron"],
  [["--cron", "61 3 * * *"], "invalid_cron"],
  [["--cron", "0 0 30 2 *"], "invalid_cron"],
  [["--cron", "@daily"], "invalid_cron"],
  [["--cron", "H 3 * * *"], "invalid_cron"],
  [["--cron", "FREQ=DAILY"], "invalid_cron"],
  [["--cron", "0 0 3 * * * *"], "invalid_cron"],
  [["--cron", ""], "invalid_cron"],
  [["--cron", "0 3 * * *", "--timezone", "Asia/Shangai"], "invalid_timezone"],
  [["--cron", "0 3 * * *", "--timezone", "local"], "invalid_timezone"],
  [["--cron", "0 3 * * *", "--timezone", ""], "invalid_timezone"],
  [["--cron", "0 3 * * *", "--retention-days", "0"], "invalid_options"],
  [["--cron", "0 3 * * *", "--tenant-id", "acme"], "invalid_tenant_id"],
  [["--cron", "0 3 * * *", "--snapshot-repository", "nowhere"], "snapshot_repository_missing"],
  [[], "missing_mandatory_option_value"],
])("schedule %j is refused as %s, and nothing is written", async (args, code) => {
  expect(await json(...schedule, ...args, "--yes")).toMatchObject({ code: 2, document: { error: { code } } });
  expect(await hasJobs()).toBe(false);
});

test("without --yes and a terminal the question says what goes from now on, and when", async () => {
  const { code, document } = await json(...schedule, "--cron", "30 4 29 2 *", "--timezone", "Asia/Shanghai");

  expect(code).toBe(2);
  const { message } = document["error"] as { message: string };
  expect(message).toContain("all that is older than 45 days, of all tenants, at 30 4 29 2 * (Asia/Shanghai)");
  expect(message).toContain("2028-02-28T20:30:00.000Z, 2032-02-28T20:30:00.000Z, 2036-02-28T20:30:00.000Z");
  expect(message).toContain("Now it would delete 1 indices of all tenants with 1 documents");
  expect(message).toContain("rows are not in PostgreSQL any more"); // the index has no row in PostgreSQL
  expect(await hasJobs()).toBe(false);
});

test("a schedule is shown by list and status until it is replaced or taken away, which may be said twice", async () => {
  expect((await json("elasticsearch", "status")).document).toMatchObject({ schedule: null });
  const first = await json(...schedule, "--cron", "0 3 * * *", "--timezone", "Asia/Shanghai", "--yes");
  const described = {
    cron: "0 3 * * *",
    timezone: "Asia/Shanghai",
    retentionDays: 45,
    tenantIds: [],
    workerSeenAt: null,
    lastRun: null,
    lastFailure: null,
  };
  expect(first).toMatchObject({ code: 0, document: { schedule: described } });
  const { document } = await json("elasticsearch", "status");
  expect(document).toMatchObject({ schedule: described });
  const { next } = (document as unknown as StatusReport).schedule!;
  expect(next.map((time) => time.slice(10))).toEqual(Array(3).fill("T19:00:00.000Z"));
  expect((await json("elasticsearch", "retention", "list")).document).toMatchObject({ schedule: described });
  expect((await runAppHere(archive, ["elasticsearch", "status"])).stdout).toMatch(
    /Retention schedule: 0 3 \* \* \* \(Asia\/Shanghai\), 45 days, all tenants; next at .*\n⚠ WARNING: no worker has run yet/,
  );

  const options = ["--tenant-id", tenant, "--retention-days", "90"];
  await json(...schedule, "--cron", "15,45 */20 * * * 1", ...options, "--yes");
  expect((await json("elasticsearch", "retention", "list")).document).toMatchObject({
    schedule: { cron: "15,45 */20 * * * 1", timezone: "UTC", retentionDays: 90, tenantIds: [tenant] },
  });
  const { rows } = await archive.sql.query("SELECT cron FROM log_archive_jobs.schedule ORDER BY key");
  expect(rows).toEqual([{ cron: "15 */20 * * * 1" }, { cron: "45 */20 * * * 1" }]);

  const removed = await json("elasticsearch", "retention", "unschedule");
  expect(removed).toMatchObject({ code: 0, document: { removed: { cron: "15,45 */20 * * * 1" } } });
  expect((await json("elasticsearch", "retention", "list")).document).toMatchObject({ schedule: null });
  expect((await runAppHere(archive, ["elasticsearch", "status"])).stdout).toContain("Retention schedule: none");
  expect(await json("elasticsearch", "retention", "unschedule")).toMatchObject({
    code: 0,
    document: { removed: null },
  });
});

test("the same schedule set again keeps the time since which it holds; other times start anew", async () => {
  const since = async (): Promise<unknown> =>
    (await archive.sql.query("SELECT created_on::text AS since FROM log_archive_jobs.schedule")).rows;
  await json(...schedule, "--cron", "0 3 * * *", "--yes");
  const made = await since();
  await json(...schedule, "--cron", "0 3 * * *", "--retention-days", "60", "--yes");
  expect(await since()).toEqual(made);
  expect(await withTestConnections(archive, {}, retentionSchedule)).toMatchObject({ retentionDays: 60 });
  await json(...schedule, "--cron", "0 3 * * *", "--timezone", "Asia/Tokyo", "--yes");
  expect(await since()).not.toEqual(made);
});

test("a role that may not make the schema of the jobs is told which privilege it lacks", async () => {
  const role = await createRole(archive.sql, archive.databaseUrl);
  try {
    await archive.sql.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name}`);
    await archive.sql.query(`GRANT USAGE ON SCHEMA log_archive TO ${role.name}`);
    await archive.sql.query(`GRANT ALL ON ALL TABLES IN SCHEMA log_archive TO ${role.name}`);
    const end = await runAppHere({ ...archive, databaseUrl: role.url }, [
      ...schedule,
      "--cron",
      "0 3 * * *",
      "--yes",
      "--json",
    ]);
    expect(end.code).toBe(1);
    expect(JSON.parse(end.stdout)).toMatchObject({
      error: {
        code: "jobs_privilege",
        hint: expect.stringMatching(/schema log_archive_jobs: .* CREATE on the database/),
      },
    });
  } finally {
    await role.drop();
  }
});
