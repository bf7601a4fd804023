import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const imports = "no-restricted-imports";
const globals = "no-restricted-globals";
const take = (specifier: string): string => `import { value } from "${specifier}";\nexport const taken = value;\n`;

/** Two files that import each other: by values, by types alone, and one way. */
const circles: Record<string, string> = {
  "src/engine/value-a.ts": 'import { b } from "./value-b.ts";\nexport const a = (): unknown => b;\n',
  "src/engine/value-b.ts": 'import { a } from "./value-a.ts";\nexport const b = (): unknown => a;\n',
  "src/engine/type-a.ts": 'import type { B } from "./type-b.ts";\nexport type A = { b: B };\n',
  "src/engine/type-b.ts": 'import type { A } from "./type-a.ts";\nexport type B = { a?: A };\n',
  "src/engine/one-way-a.ts": 'import type { D } from "./one-way-b.ts";\nexport type C = { d: D };\n',
  "src/engine/one-way-b.ts": "export type D = { e: string };\n",
};

/** Folder of the file, its content, and the rule that must refuse it (undefined: it is legal). */
const cases: [folder: string, content: string, rule: string | undefined][] = [
  ["src/engine", take("./neighbour.ts"), undefined],
  ["src/engine", take("node:events"), undefined],
  ["src/engine", take("node:timers/promises"), undefined],
  ["src/engine", take("zod"), imports],
  ["src/engine", take("@elastic/elasticsearch"), imports],
  ["src/engine", take("../stores/postgres/neighbour.ts"), imports],
  ["src/engine", take("../workflow-logs/neighbour.ts"), imports],
  ["src/engine", take("node:process"), imports],
  ["src/stores/postgres", take("../../engine/neighbour.ts"), undefined],
  ["src/stores/postgres", take("./neighbour.ts"), undefined],
  ["src/stores/postgres", take("pg"), undefined],
  ["src/workflow-logs/state", take("../../stores/postgres/neighbour.ts"), undefined],
  ["src/stores/postgres/jobs", take("../../blobs/neighbour.ts"), imports],
  ["src/stores/postgres", take("../elasticsearch/neighbour.ts"), imports],
  ["src/stores/postgres", take("@elastic/elasticsearch"), imports],
  ["src/stores/postgres", take("../../workflow-logs/neighbour.ts"), imports],
  ["src/stores/postgres", take("../../config/neighbour.ts"), imports],
  ["src/stores/postgres/jobs", take("pg-boss"), undefined],
  ["src/stores/postgres/jobs", take("../neighbour.ts"), undefined],
  ["src/stores/postgres/jobs", take("../../elasticsearch/neighbour.ts"), imports],
  ["src/stores/postgres", take("pg-boss"), imports],
  ["src/stores/postgres", 'export const later = (): Promise<unknown> => import("pg-boss");\n', imports],
  ["src/workflow-logs", take("pg-boss"), imports],
  ["src/cli", take("pg-boss"), imports],
  ["src/stores/elasticsearch", take("pg-boss"), imports],
  ["src/stores/elasticsearch", take("../../engine/neighbour.ts"), undefined],
  ["src/stores/elasticsearch", take("@elastic/elasticsearch"), undefined],
  ["src/stores/elasticsearch", take("../postgres/neighbour.ts"), imports],
  ["src/stores/elasticsearch", take("pg"), imports],
  ["src/stores/elasticsearch", take("pg-copy-streams"), imports],
  ["src/stores/elasticsearch", take("../../cli/neighbour.ts"), imports],
  ["src/stores/elasticsearch", take("../blobs/neighbour.ts"), imports],
  ["src/stores/postgres", take("../blobs/neighbour.ts"), imports],
  ["src/stores/blobs", take("aws4fetch"), undefined],
  ["src/stores/blobs", take("../../engine/neighbour.ts"), undefined],
  ["src/stores/blobs", take("../postgres/neighbour.ts"), imports],
  ["src/stores/blobs", take("../elasticsearch/neighbour.ts"), imports],
  ["src/stores/blobs", take("@elastic/elasticsearch"), imports],
  ["src/stores/blobs", take("pg"), imports],
  ["src/stores/blobs", take("../../workflow-logs/neighbour.ts"), imports],
  ["src/workflow-logs", take("../stores/postgres/neighbour.ts"), undefined],
  ["src/workflow-logs", take("../llm-cache/neighbour.ts"), imports],
  ["src/llm-cache", take("../workflow-logs/neighbour.ts"), imports],
  ["src/llm-cache", take("../stores/redis/neighbour.ts"), undefined],
  ["src/llm-cache/stores", take("../../stores/redis/neighbour.ts"), undefined],
  ["src/llm-cache", take("../runs/neighbour.ts"), undefined],
  ["src/llm-cache", take("../config/neighbour.ts"), imports],
  ["src/resplite/server", take("../data/neighbour.ts"), undefined],
  ["src/resplite/server", take("../../stores/sqlite/neighbour.ts"), undefined],
  ["src/resplite", take("../vectors/neighbour.ts"), imports],
  ["src/vectors/sync", take("../../stores/milvus/neighbour.ts"), undefined],
  ["src/vectors", take("../layra/neighbour.ts"), imports],
  ["src/layra/backup", take("../../stores/mongodb/neighbour.ts"), undefined],
  ["src/layra/mongodb", take("../../stores/mongodb/neighbour.ts"), undefined],
  ["src/layra", take("../cli/neighbour.ts"), imports],
  ["src/runs", take("../engine/neighbour.ts"), undefined],
  ["src/runs", take("./neighbour.ts"), undefined],
  ["src/runs", take("node:timers/promises"), undefined],
  ["src/runs", take("../stores/postgres/neighbour.ts"), imports],
  ["src/runs", take("../workflow-logs/neighbour.ts"), imports],
  ["src/runs", take("kysely"), imports],
  ["src/stores/postgres", take("../../runs/neighbour.ts"), undefined],
  ["src/stores/sqlite", take("node:sqlite"), undefined],
  ["src/stores/sqlite", take("../../runs/neighbour.ts"), undefined],
  ["src/stores/redis", take("redis"), undefined],
  ["src/stores/redis", take("../sqlite/neighbour.ts"), imports],
  ["src/stores/redis", take("mongodb"), imports],
  ["src/stores/mongodb", take("mongodb"), undefined],
  ["src/stores/mongodb", take("../../llm-cache/neighbour.ts"), imports],
  ["src/stores/milvus", take("@zilliz/milvus2-sdk-node"), undefined],
  ["src/stores/milvus", take("../weaviate/neighbour.ts"), imports],
  ["src/stores/weaviate", take("weaviate-client"), undefined],
  ["src/stores/mysql", take("mysql2/promise"), undefined],
  ["src/stores/mysql", take("redis"), imports],
  ["src/workflow-logs", take("../engine/neighbour.ts"), undefined],
  ["src/workflow-logs/migrate", take("../neighbour.ts"), undefined],
  ["src/workflow-logs/migrate", take("../../stores/elasticsearch/neighbour.ts"), undefined],
  ["src/workflow-logs", take("../config/neighbour.ts"), imports],
  ["src/workflow-logs/migrate", take("../../config/neighbour.ts"), imports],
  ["src/workflow-logs", take("../cli/neighbour.ts"), imports],
  [
    "src/workflow-logs",
    'import type { value } from "../config/neighbour.ts";\nexport type Taken = typeof value;\n',
    imports,
  ],
  ["src/workflow-logs", 'export { value } from "../cli/neighbour.ts";\n', imports],
  ["src/workflow-logs", 'export const later = (): Promise<unknown> => import("../cli/neighbour.ts");\n', imports],
  ["src/config", take("../engine/errors.ts"), undefined],
  ["src/config", take("./neighbour.ts"), undefined],
  ["src/config", take("zod"), undefined],
  ["src/config/sections", take("../values.ts"), undefined],
  ["src/config/sections", take("./neighbour.ts"), undefined],
  ["src/config/sections", take("../config.ts"), imports],
  ["src/config/sections", take("../../engine/errors.ts"), imports],
  ["src/config/sections", take("../../stores/postgres/neighbour.ts"), imports],
  ["src/config", take("../engine/neighbour.ts"), imports],
  ["src/config", take("../cli/neighbour.ts"), imports],
  ["src/config", take("../stores/postgres/neighbour.ts"), imports],
  ["src/config", take("../workflow-logs/neighbour.ts"), imports],
  ["src/cli", take("../config/neighbour.ts"), undefined],
  ["src/cli/commands/elasticsearch", take("../../../workflow-logs/neighbour.ts"), undefined],
  ["src/cli", take("../../dev/neighbour.ts"), imports],
  ["src/cli", take("../../test/neighbour.ts"), imports],
  ["src", take("./workflow-logs/neighbour.ts"), undefined],
  ["src", take("./config/neighbour.ts"), imports],
  ["src/index.ts", take("./config/neighbour.ts"), undefined],
  ["src/workflow-logs", take("../../test/support/neighbour.ts"), imports],
  ["src/workflow-logs", take("../../dev/neighbour.ts"), imports],
  ["test/unit", take("../../src/config/neighbour.ts"), undefined],
  ["dev", take("../src/stores/postgres/neighbour.ts"), undefined],
  ["src/cli", "export const args = process.argv;\n", globals],
  ["src/stores/postgres", "export const home = globalThis.process.env;\n", globals],
  ["src/workflow-logs", "export const home = process.env;\n", globals],
  ["dev", "export const home = process.env;\n", undefined],
  ["src/workflow-logs", 'console.log("x");\n', "no-console"],
  ["dev", 'console.log("x");\n', undefined],
  [
    "src/engine",
    "async function work(): Promise<void> {}\nexport function start(): void {\n  work();\n}\n",
    "no-floating-promises",
  ],
  [
    "src/engine",
    "async function work(): Promise<void> {}\nexport async function start(): Promise<void> {\n  await work();\n}\n",
    undefined,
  ],
  ["src/cli/main.ts", "export const args = process.argv;\n", undefined],
  [
    "src/engine/left.ts",
    'import { right } from "./right.ts";\nexport const left = (): unknown => right;\n',
    "no-cycle",
  ],
  ["src/engine/right.ts", 'import { left } from "./left.ts";\nexport const right = (): unknown => left;\n', "no-cycle"],
];

const fileOf = (index: number): string => {
  const place = cases[index]?.[0] ?? "";
  return place.endsWith(".ts") ? place : `${place}/case-${index}.ts`;
};

describe("the lint configuration", () => {
  const refusals = new Map<string, string[]>();
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "lint-"));
    await Promise.all([".oxlintrc.json", "tsconfig.json"].map((file) => cp(file, path.join(folder, file))));
    await symlink(path.resolve("node_modules"), path.join(folder, "node_modules"));
    const write = async (file: string, content: string): Promise<void> => {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), content);
    };
    await Promise.all(cases.map(([, content], index) => write(fileOf(index), content)));
    await Promise.all(Object.entries(circles).map(([file, content]) => write(file, content)));
    for (const diagnostic of await lint(folder)) {
      const rule = /\((.+)\)/.exec(diagnostic.code)?.[1] ?? diagnostic.code;
      refusals.set(diagnostic.filename, [...(refusals.get(diagnostic.filename) ?? []), rule]);
    }
  }, 60_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(cases.map(([, content, rule], index) => [fileOf(index), content.split("\n")[0], rule] as const))(
    "%s: %s -> %s",
    (file, _line, rule) => {
      expect(refusals.get(file) ?? []).toEqual(rule === undefined ? [] : [rule]);
    },
  );

  test("circles are refused, also those that types alone close", () => {
    const refused = Object.keys(circles).filter((file) => refusals.get(file)?.includes("no-cycle"));
    expect(refused.toSorted()).toEqual(
      ["type-a", "type-b", "value-a", "value-b"].map((name) => `src/engine/${name}.ts`),
    );
  });
});

async function lint(folder: string): Promise<{ code: string; filename: string }[]> {
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      path.resolve("node_modules/.bin/oxlint"),
      ["--type-aware", "-f", "json", "src", "test", "dev"],
      { cwd: folder },
      (error, stdout) => {
        if (stdout === "") reject(error ?? new Error("oxlint printed nothing"));
        else resolve(stdout);
      },
    );
  });
  return (JSON.parse(output) as { diagnostics: { code: string; filename: string }[] }).diagnostics;
}
