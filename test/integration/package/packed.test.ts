import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Consumer, installPacked } from "../../support/packed-package.ts";
import { createTestArchive, migrateOnce, type TestArchive } from "../../support/test-archive.ts";

const tsc = path.resolve("node_modules/.bin/tsc");

let consumer: Consumer;
let archive: TestArchive;
beforeAll(async () => {
  [consumer, archive] = await Promise.all([
    installPacked(),
    createTestArchive({ nodeExecutions: 60, tenants: 1, months: 1 }),
  ]);
}, 120_000);
afterAll(async () => {
  await consumer?.remove();
  await archive?.drop();
});

interface End {
  readonly code: number;
  readonly output: string;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<End> {
  const here = { PATH: `${path.join(consumer.folder, "node_modules/.bin")}:${process.env["PATH"]}` };
  return new Promise((resolve) => {
    execFile(command, args, { cwd: consumer.folder, env: { ...here, ...env } }, (error, stdout, stderr) =>
      resolve({
        code: error === null ? 0 : typeof error.code === "number" ? error.code : -1,
        output: stdout + stderr,
      }),
    );
  });
}

const node = (script: string, env?: NodeJS.ProcessEnv): Promise<End> => run(process.execPath, [script], env);

const stores = (): NodeJS.ProcessEnv => ({
  DATABASE_URL: archive.databaseUrl,
  ELASTICSEARCH_HOSTS: JSON.stringify([archive.elasticsearchUrl]),
  ELASTICSEARCH_INDEX_PREFIX: archive.prefix,
  STATE_FILE: path.join(consumer.folder, "state.db"),
});

test("the package has what it needs, and neither sources nor tests", () => {
  const { files, manifest } = consumer;
  expect(files).toEqual(
    expect.arrayContaining(["package.json", "README.md", "LICENSE", "docs/migrate.md", ...Object.values(manifest.bin)]),
  );
  expect(files.filter((name) => /^(src|test|dev|bench|node_modules)\//.test(name))).toEqual([]);
});

test("its binaries run, log-archive beside app", async () => {
  for (const name of ["app", "log-archive"]) {
    expect(await run(name, ["--version"])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  }
  const preflight = await run("log-archive", ["elasticsearch", "migrate", "--dry-run", "--json"], stores());
  expect(preflight.code, preflight.output).toBe(0);
  expect(JSON.parse(preflight.output)).toMatchObject({ command: "elasticsearch migrate", dryRun: true });
  expect((await run("import-from-redis", ["--help"])).code).toBe(0);
});

test("every entry point is imported by ESM and required by CommonJS", async () => {
  const names = Object.keys(consumer.manifest.exports).map((name) => path.posix.join("log-archive", name));
  const modules = names.filter((name) => !name.endsWith(".json"));
  await writeFile(
    path.join(consumer.folder, "all.mjs"),
    modules
      .map((name, at) => `import * as m${at} from "${name}"; console.log(Object.keys(m${at}).length > 2);`)
      .join("\n"),
  );
  await writeFile(
    path.join(consumer.folder, "all.cjs"),
    modules.map((name) => `console.log(Object.keys(require("${name}")).length > 2);`).join("\n"),
  );
  const expected = { code: 0, output: "true\n".repeat(modules.length) };
  expect(await node("all.mjs", { NODE_NO_WARNINGS: "1" })).toEqual(expected);
  expect(await node("all.cjs", { NODE_NO_WARNINGS: "1" })).toEqual(expected);
});

/** The code of every @example of the library, by the function that has it. */
async function docstringExamples(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of globSync("src/**/*.ts")) {
    const text = await readFile(file, "utf8");
    for (const [, code, name] of text.matchAll(
      / \* @example\n \* ```ts\n((?: \*.*\n)*?) \* ```\n \*\/\nexport (?:async )?function (\w+)/g,
    ))
      if (code!.includes('from "log-archive')) found.set(name!, code!.replaceAll(/^ \* ?/gm, ""));
  }
  return found;
}

const options = {
  module: "nodenext",
  target: "es2024",
  lib: ["es2024", "esnext.disposable"],
  types: ["node"],
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  skipLibCheck: false,
};

test("the examples of docstrings and of the folder have whole types, without skipLibCheck, and the first ones run", async () => {
  const examples = await docstringExamples();
  expect([...examples.keys()].toSorted()).toEqual(
    expect.arrayContaining([
      "cleanupPg",
      "dryRun",
      "migrate",
      "openArchive",
      "parseConfig",
      "restore",
      "searchLogs",
      "showRun",
      "status",
      "toJson",
      "validate",
      "withConnections",
    ]),
  );
  await mkdir(path.join(consumer.folder, "docstrings"));
  for (const [name, code] of examples) await writeFile(path.join(consumer.folder, "docstrings", `${name}.ts`), code);
  await cp(path.join(consumer.folder, "node_modules/log-archive/examples"), path.join(consumer.folder, "examples"), {
    recursive: true,
  });
  await writeFile(
    path.join(consumer.folder, "required.cts"),
    `import archive = require("log-archive");\nconst json: { a: string | number } = archive.toJson({ a: 1n });\nconsole.log(json.a);\n`,
  );
  await writeFile(path.join(consumer.folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  const types = await run(process.execPath, [tsc, "-p", "."]);
  expect(types.code, types.output).toBe(0);

  await migrateOnce(archive);
  const { rows } = await archive.sql.query<{ run: string; tenant: string }>(
    "SELECT workflow_run_id::text AS run, tenant_id::text AS tenant FROM workflow_node_executions WHERE workflow_run_id IS NOT NULL LIMIT 1",
  );
  const { run: RUN_ID, tenant: TENANT_ID } = rows[0]!;
  const all = [...examples.keys()].map(
    (name) => `await import("./docstrings/${name}.ts"); console.log("done ${name}");`,
  );
  await writeFile(path.join(consumer.folder, "docstrings.mjs"), all.join("\n"));
  const end = await node("docstrings.mjs", { ...stores(), RUN_ID, TENANT_ID });
  expect(end.code, end.output).toBe(0);
  for (const name of examples.keys()) expect(end.output).toContain(`done ${name}\n`);
}, 120_000);
