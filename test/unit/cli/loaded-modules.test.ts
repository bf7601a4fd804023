import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

// How long a start takes depends on what is loaded for it; bench/start.ts measures, this holds what must not come back.

const folder = mkdtempSync(path.join(tmpdir(), "modules-"));
afterAll(() => rmSync(folder, { recursive: true }));
const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const hook = pathToFileURL(path.resolve("test/support/note-modules.ts")).href;

interface Loaded {
  readonly packages: readonly string[];
  readonly commands: readonly string[];
  readonly source: readonly string[];
}

async function loadedBy(...args: string[]): Promise<Loaded> {
  const file = path.join(folder, "modules");
  await promisify(execFile)(process.execPath, ["--import", hook, main, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], NOTE_MODULES: file, SHELL: "bash" },
  });
  const urls = readFileSync(file, "utf8").split("\n");
  const source = urls.flatMap((url) => /\/src\/(.*)$/.exec(url)?.[1] ?? []);
  return {
    packages: [...new Set(urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []))],
    commands: source.filter((name) => name.startsWith("cli/commands/")),
    source,
  };
}

const drivers = ["pg", "kysely", "@elastic/elasticsearch", "pg-boss", "pino", "redis", "mongodb", "mysql2"];

test("--version loads no package and no command", async () => {
  const { packages, commands } = await loadedBy("--version");
  expect(packages).toEqual([]);
  expect(commands).toEqual(["cli/commands/index.ts"]);
});

test("--help of a command loads its module, its group's and what they print with; no driver, no log, no configuration", async () => {
  const { packages, commands, source } = await loadedBy("elasticsearch", "status", "--help");
  expect(packages).toEqual(expect.arrayContaining(["yargs", "zod"]));
  for (const driver of drivers) expect(packages).not.toContain(driver);
  expect(commands).toContain("cli/commands/elasticsearch/status.ts");
  expect(commands).not.toContain("cli/commands/elasticsearch/migrate.ts");
  expect(commands).not.toContain("cli/commands/db/index.ts");
  expect(source).not.toContain("config/config.ts");
});

test.each([
  ["migrate"],
  ["cleanup-pg"],
  ["validate"],
  ["restore"],
  ["errors", "retry"],
  ["retention", "sweep"],
  ["retention", "schedule"],
  ["rollout", "set"],
  ["capture", "install"],
])("neither does the help of %s %s", async (...command) => {
  const { packages } = await loadedBy("elasticsearch", ...command, "--help");
  for (const driver of drivers) expect(packages).not.toContain(driver);
});

test("completion loads no more", async () => {
  const { packages, commands } = await loadedBy("--get-yargs-completions", "app", "elasticsearch", "migrate", "--");
  for (const driver of drivers) expect(packages).not.toContain(driver);
  expect(commands).not.toContain("cli/commands/elasticsearch/status.ts");
});
