import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { copyDatabase } from "../../support/copy-database.ts";
import { createTestArchive, documentsByIndex, type TestArchive, writes } from "../../support/test-archive.ts";
import { tenantsOf } from "../restore/restore-archive.ts";

let original: TestArchive;
let copy: TestArchive;
let tenantId: string;

beforeAll(async () => {
  original = await createTestArchive({ nodeExecutions: 120, tenants: 1, months: 2 });
  [tenantId = ""] = await tenantsOf(original.sql);
  expect(await app(original, "capture", "install")).toMatchObject({ code: 0 });
  expect(await app(original, "migrate")).toMatchObject({ code: 0 });
  const purge = ["cleanup-pg", "--tenant-id", tenantId, "--before-date", "2100-01-01", "--allow-unreplicated", "--yes"];
  expect([0, 3]).toContain((await app(original, ...purge)).code);
  copy = await copyDatabase(original);
  await copy.sql.query("UPDATE workflow_node_executions SET outputs = '{\"anonymous\":1}'");
  await copy.sql.query("DELETE FROM workflow_app_logs");
});
afterAll(async () => {
  await copy?.drop();
  await original?.drop();
});

function app(stores: TestArchive, ...args: string[]) {
  return runAppHere(stores, ["elasticsearch", ...args]);
}

const writing = () => [
  ["migrate"],
  ["migrate", "--dry-run"],
  ["apply-dirty", "--follow-deletes"],
  ["validate", "--tenant-id", tenantId, "--full", "--repair", "--delete-extra", "--yes"],
  ["cleanup-pg", "--tenant-id", tenantId, "--before-date", "2100-01-01", "--allow-unreplicated", "--yes"],
  ["restore", "--tenant-id", tenantId, "--start-date", "2000-01-01"],
  ["retention", "sweep", "--retention-days", "1", "--yes"],
  ["retention", "sweep", "--retention-days", "1", "--dry-run"],
  ["errors", "retry"],
];

describe("a copy of the database with the original's settings", () => {
  test("is told so and changes nothing, by any command", async () => {
    const before = { documents: await documentsByIndex(original), writes: await writes(original) };
    for (const args of writing()) {
      const { code, stdout } = await app(copy, ...args, "--json");
      expect({ args, code, ...(JSON.parse(stdout) as object) }).toMatchObject({
        args,
        code: 1,
        error: { code: "archive_copied", hint: expect.stringContaining("takeover") as string },
      });
    }
    expect({ documents: await documentsByIndex(original), writes: await writes(original) }).toEqual(before);
  });

  test("sees it in status and preflight", async () => {
    const status = JSON.parse((await app(copy, "status", "--json")).stdout) as { archive: { problems: string[] } };
    expect(status.archive.problems.join()).toMatch(/copy/);
    expect((await app(copy, "status")).stdout).toMatch(/WARNING: .*copy/);
    const preflight = await app(copy, "preflight");
    expect(preflight).toMatchObject({ code: 3 });
    expect(preflight.stdout).toMatch(/takeover --dry-run/);
  });

  test("does not keep the original from anything", async () => {
    expect(await app(original, "migrate")).toMatchObject({ code: 0 });
  });
});

describe("a takeover", () => {
  test("says beforehand what it would do, and needs a yes", async () => {
    const planned = await app(copy, "takeover", "--dry-run", "--json");
    expect(JSON.parse(planned.stdout)).toMatchObject({ dryRun: true, displaced: [expect.any(String)] });
    expect(await app(copy, "takeover")).toMatchObject({ code: 2 });
    expect(await app(copy, "migrate")).toMatchObject({ code: 1 });
  });

  test("gives the archive to the copy, and refuses the original from then on, also when it reads", async () => {
    expect(await app(copy, "takeover", "--yes")).toMatchObject({ code: 0 });
    expect(await app(copy, "migrate")).toMatchObject({ code: 0 });
    for (const args of writing()) {
      const { code, stdout } = await app(original, ...args, "--json");
      expect({ args, code, ...(JSON.parse(stdout) as object) }).toMatchObject({
        code: 1,
        error: { code: "archive_taken_over" },
      });
    }
    const search = await app(original, "search", "the", "--json");
    expect(JSON.parse(search.stdout)).toMatchObject({ error: { code: "archive_taken_over" } });
    const { rows } = await copy.sql.query(
      "SELECT state, operator <> '' AS named, cardinality(indices) > 0 AS has FROM log_archive.takeovers",
    );
    expect(rows).toEqual([{ state: "done", named: true, has: true }]);
  });

  test("can be taken back", async () => {
    expect(await app(original, "takeover", "--yes")).toMatchObject({ code: 0 });
    expect(await app(original, "migrate")).toMatchObject({ code: 0 });
    expect(await app(copy, "migrate")).toMatchObject({ code: 1 });
    const again = await app(original, "takeover", "--yes", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ reasons: [], indices: [] });
  });
});
