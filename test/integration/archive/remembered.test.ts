import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import {
  countRows,
  createTestArchive,
  documentsByIndex,
  type TestArchive,
  writes,
} from "../../support/test-archive.ts";

let archive: TestArchive;

beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 2 });
  await archive.sql.query(
    "UPDATE workflow_runs SET created_at = date_trunc('month', created_at) + interval '1 hour' WHERE id IN (SELECT id FROM workflow_runs LIMIT 5)",
  );
  expect(await app({}, "migrate")).toMatchObject({ code: 0 });
});
afterAll(() => archive?.drop());

function app(env: NodeJS.ProcessEnv, ...args: string[]) {
  return runAppHere(archive, ["elasticsearch", ...args], env);
}

const shanghai = { SOURCE_TIME_ZONE: "Asia/Shanghai" };

test.each([
  ["SOURCE_TIME_ZONE", shanghai, "UTC"],
  ["ELASTICSEARCH_INDEX_PREFIX", { ELASTICSEARCH_INDEX_PREFIX: "another-prefix" }, "test-"],
])("another %s than the archive was made with is refused, with the way to change it", async (variable, env, stored) => {
  const before = { documents: await documentsByIndex(archive), writes: await writes(archive) };
  for (const args of [
    ["migrate"],
    ["migrate", "--restart"],
    ["migrate", "--dry-run"],
    ["apply-dirty"],
    ["validate", "--full"],
  ]) {
    const { code, stdout } = await app(env, ...args, "--json");
    expect({ args, code }).toEqual({ args, code: 2 });
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
    expect(error.code).toBe("archive_settings_changed");
    expect(error.message).toContain(variable);
    expect(error.hint).toContain(`${variable}=${stored}`);
    expect(error.hint).toMatch(/copied again/);
  }
  expect((await app(env, "preflight")).stdout).toContain(variable);
  expect({ documents: await documentsByIndex(archive), writes: await writes(archive) }).toEqual(before);
});

test("another name of the same zone is the same zone", async () => {
  expect(await app({ SOURCE_TIME_ZONE: "Etc/UTC" }, "migrate")).toMatchObject({ code: 0 });
});

test("a promoted standby is still the original, and the first run after it says so", async () => {
  await archive.sql.query("UPDATE log_archive.archive SET timeline = timeline + 1");
  const promoted = await app({}, "migrate");
  expect(promoted).toMatchObject({ code: 0 });
  expect(promoted.stderr).toMatch(/promoted or recovered/);
  expect((await app({}, "migrate")).stderr).not.toMatch(/promoted/);
});

test.each([
  ["a dump restored on another server", "system_identifier = '1'", /server is another/],
  ["a server after pg_upgrade", "system_identifier = '1'", /pg_upgrade/],
  ["a database restored under another oid", "database_oid = '1', table_oid = '1'", /copy/],
])("%s has to take over", async (_, change, message) => {
  const { rows } = await archive.sql.query("SELECT * FROM log_archive.archive");
  await archive.sql.query(`UPDATE log_archive.archive SET ${change}`);
  const refused = await app({}, "migrate");
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toMatch(message);
  const { system_identifier, database_oid, table_oid } = rows[0] as Record<string, string>;
  await archive.sql.query("UPDATE log_archive.archive SET system_identifier = $1, database_oid = $2, table_oid = $3", [
    system_identifier,
    database_oid,
    table_oid,
  ]);
  expect(await app({}, "migrate")).toMatchObject({ code: 0 });
});

test("a base backup that was taken before the original's last run is told that it is behind", async () => {
  const { rows } = await archive.sql.query<{ tokens: string[] }>(
    "SELECT array_agg(token::text) AS tokens FROM log_archive.archive_tokens",
  );
  await archive.sql.query("DELETE FROM log_archive.archive_tokens");
  const { code, stdout } = await app({}, "migrate", "--json");
  expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 1, error: { code: "archive_behind" } });
  await archive.sql.query("INSERT INTO log_archive.archive_tokens (token) SELECT unnest($1::uuid[])", [
    rows[0]!.tokens,
  ]);
  expect(await app({}, "migrate")).toMatchObject({ code: 0 });
});

test("a corrected time zone is taken over: all rows are copied again, and documents in wrong months are found and deleted", async () => {
  const planned = await app(shanghai, "takeover", "--dry-run", "--json");
  const rows = await countRows(archive.sql);
  expect(JSON.parse(planned.stdout)).toMatchObject({ copiedAgain: rows, indices: [], displaced: [] });
  expect(await app(shanghai, "takeover", "--yes")).toMatchObject({ code: 0 });
  expect(await app(shanghai, "migrate")).toMatchObject({ code: 0 });
  const mended = await app(shanghai, "validate", "--full", "--delete-extra", "--yes", "--json");
  expect(JSON.parse(mended.stdout)).toMatchObject({
    byDataType: { workflow_runs: { extra: expect.any(Number) as number } },
  });
  const after = await app(shanghai, "validate", "--full", "--json");
  expect(JSON.parse(after.stdout)).toMatchObject({ status: "match" });
  expect(await app({}, "migrate")).toMatchObject({ code: 2 });
});

test("while rows are in the archive alone, no setting that they were stored with can be changed", async () => {
  await archive.sql.query(
    "INSERT INTO log_archive.purged_rows (data_type, record_id, tenant_id, month) VALUES ('workflow_runs', 'x', 't', '2025-01')",
  );
  const { code, stdout } = await app({}, "takeover", "--yes", "--json");
  expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({
    code: 2,
    error: { code: "archive_holds_purged_rows", hint: expect.stringContaining("restore") as string },
  });
});
