import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "reporter-"));
  await symlink(path.resolve("node_modules"), path.join(folder, "node_modules"));
  const files = {
    "vitest.config.ts": `export default { test: { reporters: ["default", ${JSON.stringify(path.resolve("test/support/reporter.ts"))}] } };`,
    "passes.test.ts": 'import { test } from "vitest"; test("a", () => {}); test("b", () => {});',
    "skips.test.ts": 'import { test } from "vitest"; test("a", () => {}); test.skip("b", () => {}); test.todo("c");',
    "fails.test.ts": 'import { test } from "vitest"; test("a", () => { throw new Error("x"); });',
    "breaks.test.ts": 'throw new Error("this file cannot be read");',
    "setup.test.ts":
      'import { beforeAll, test } from "vitest"; beforeAll(() => { throw new Error("x"); }); test("a", () => {});',
  };
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(path.join(folder, name), content)));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function lastLine(...files: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const env = { ...process.env, FORCE_COLOR: "1" };
    execFile(path.resolve("node_modules/.bin/vitest"), ["run", ...files], { cwd: folder, env }, (_error, stdout) => {
      resolve(stdout.trimEnd().split("\n").at(-1));
    });
  });
}

test.each([
  [["passes"], "2 passed, 0 failed"],
  [["passes", "skips"], "3 passed, 0 failed, 2 skipped"],
  [["passes", "fails"], "2 passed, 1 failed"],
  [["passes", "breaks"], "2 passed, 1 failed"],
])("the last line of %j is %s", { timeout: 60_000 }, async (files, line) => {
  expect(await lastLine(...files)).toBe(line);
});

test("a failed set-up never counts as a success", { timeout: 60_000 }, async () => {
  expect(await lastLine("setup")).toMatch(/^0 passed, 1 failed/);
});
