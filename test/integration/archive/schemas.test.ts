import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { countRows, createTestArchive, type TestArchive, writes } from "../../support/test-archive.ts";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
  await archive.sql.query("CREATE SCHEMA other");
  expect(await app(archive, "migrate")).toMatchObject({ code: 0 });
});
afterAll(() => archive?.drop());

function app(stores: Parameters<typeof runAppHere>[0], ...args: string[]) {
  return runAppHere(stores, ["elasticsearch", ...args]);
}

function withSearchPath(path: string): TestArchive {
  const url = new URL(archive.databaseUrl);
  url.searchParams.set("options", `-c search_path=${path}`);
  return { ...archive, databaseUrl: url.href };
}

test("preflight says in which schema the platform's tables are found", async () => {
  expect((await app(archive, "preflight")).stdout).toMatch(/source schema: public/);
});

test.each([
  ["a log table", "workflow_node_executions"],
  ["a table that keeps rows", "messages"],
  ["a table of people", "end_users"],
])("%s that the search path finds in another schema is named, and nothing is touched", async (_what, table) => {
  await archive.sql.query(`CREATE TABLE other.${table} (LIKE public.${table} INCLUDING ALL)`);
  try {
    const before = { rows: await countRows(archive.sql), writes: await writes(archive) };
    const mixed = withSearchPath("other,public");
    for (const args of [
      ["migrate"],
      ["validate", "--full"],
      ["restore", "--tenant-id", "f4ddfa54-e277-4d89-83ac-68da795b1f61"],
      ["cleanup-pg", "--tenant-id", "f4ddfa54-e277-4d89-83ac-68da795b1f61", "--before-date", "2100-01-01", "--yes"],
    ]) {
      const end = await app(mixed, ...args);
      expect(end, args[0]).toMatchObject({ code: 1 });
      expect(end.stderr).toMatch(/several schemas: .*in other/);
      expect(end.stderr).toMatch(/search_path/);
    }
    expect((await app(mixed, "preflight")).stdout).toMatch(new RegExp(`${table} in other`));
    expect({ rows: await countRows(archive.sql), writes: await writes(archive) }).toEqual(before);
  } finally {
    await archive.sql.query(`DROP TABLE other.${table}`);
  }
});

test("a whole platform in another schema is not taken for the archive's own, until it is taken over", async () => {
  for (const { name } of await tablesOf("public"))
    await archive.sql.query(`CREATE TABLE other."${name}" (LIKE public."${name}" INCLUDING ALL)`);
  try {
    const other = withSearchPath("other,public");
    const before = await writes(archive);
    for (const args of [["migrate"], ["validate", "--full"], ["apply-dirty"]]) {
      const end = await app(other, ...args);
      expect(end, args[0]).toMatchObject({ code: 2 });
      expect(end.stderr).toMatch(/in the schema other; the archive was made from those of public/);
    }
    expect((await app(other, "preflight")).stdout).toMatch(/made from those of public/);
    expect(await writes(archive)).toBe(before);
  } finally {
    for (const { name } of await tablesOf("other")) await archive.sql.query(`DROP TABLE other."${name}" CASCADE`);
  }
  expect(await app(archive, "migrate")).toMatchObject({ code: 0 });
});

test("tables that were moved to a schema of another name are gone on with after a takeover", async () => {
  await archive.sql.query("DROP SCHEMA other; ALTER SCHEMA public RENAME TO moved");
  const moved = withSearchPath("moved");
  expect(await app(moved, "migrate")).toMatchObject({ code: 2 });
  expect(await app(moved, "takeover", "--yes")).toMatchObject({ code: 0 });
  const before = await writes(archive);
  expect(await app(moved, "migrate")).toMatchObject({ code: 0 });
  expect(await writes(archive)).toBe(before);
  expect(await app(moved, "validate", "--full")).toMatchObject({ code: 0 });
});

async function tablesOf(schema: string): Promise<{ name: string }[]> {
  const { rows } = await archive.sql.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = $1",
    [schema],
  );
  return rows;
}
