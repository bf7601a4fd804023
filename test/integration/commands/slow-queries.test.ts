import { afterAll, beforeAll, expect, test } from "vitest";
import { runAppHere } from "../../support/app-here.ts";
import { createTestArchive, type TestArchive } from "../../support/test-archive.ts";

const secret = "Zuckerwatte77";

let archive: TestArchive;
beforeAll(async () => {
  archive = await createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 });
  await archive.sql.query("update workflow_runs set inputs = $1", [JSON.stringify({ text: secret })]);
});
afterAll(() => archive.drop());

type Line = Record<string, unknown>;

/** The lines logged by a command that takes everything for slow; none of them may hold the secret. */
async function slowLines(...args: string[]): Promise<Line[]> {
  const end = await runAppHere(archive, [...args, "--no-progress"], { ELASTICSEARCH_SLOW_QUERY_MS: "0" });
  expect(end.code).toBe(0);
  expect(end.stderr).not.toContain(secret);
  const lines = end.stderr.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => String(msg).startsWith("slow "));
}

test("slow statements and requests are logged with their shape and time, and without any value", async () => {
  const lines = await slowLines("elasticsearch", "migrate");
  const any = expect.any(Number) as number;
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: "warn",
      store: "elasticsearch",
      method: "POST",
      path: expect.stringMatching(/^\/test-[^/]*\/_bulk$/) as string,
      status: 200,
      attempts: 1,
      bytes: any,
      durationMs: any,
    }),
  );
  const statements = lines.filter(({ store }) => store === "postgres").map(({ statement }) => String(statement));
  expect(statements.some((text) => text.startsWith("copy (select"))).toBe(true); // pages of rows
  expect(statements.some((text) => text.startsWith("insert into"))).toBe(true); // the program's own tables
  for (const text of statements) expect(text.replaceAll(/"[^"]*"|\$\d+/g, "")).not.toMatch(/'|\b\d/);
});

test("a search shows how it asks and not for what", async () => {
  const lines = await slowLines("elasticsearch", "search", secret);
  const shapes = lines.filter(({ path }) => String(path).includes("search")).map(({ shape }) => String(shape));
  expect(shapes.length).toBeGreaterThan(0);
  for (const shape of shapes) expect(shape).toMatch(/"query":\{"bool"/);
});

test("nothing is slow where no limit is set", async () => {
  const end = await runAppHere(archive, ["elasticsearch", "status"]);
  expect(end).toMatchObject({ code: 0, stderr: "" });
});
