import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { llmCache } from "../../support/llm-cache/cli.ts";
import { md5, record } from "../../support/llm-cache/hostile.ts";
import { type Caches, type LightragStore, lightragStores } from "../../support/llm-cache/stores.ts";

let json: LightragStore;
let mongo: LightragStore;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  json = await lightragStores.JsonKVStorage();
  mongo = await lightragStores.MongoKVStorage();
});
afterAll(async () => {
  await json.close();
  await mongo.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-cli-"));
  env = { ...json.env("space1"), ...mongo.env("space1"), STATE_FILE: join(folder, "state.db") };
});
afterEach(() => rm(folder, { recursive: true }));

/** The specification's sample, cut to 87 records and batches of 10. */
function sample(): Caches {
  const keys = Array.from({ length: 87 }, (_, at) => `default:${at < 85 ? "extract" : "summary"}:${md5(String(at))}`);
  return Object.fromEntries(keys.map((key) => [key, record("answer")]));
}

const checked = (title: string, type: string, counts: readonly [string, string, string]): string[] => [
  "",
  "Checking environment variables...",
  "✓ All required environment variables are set",
  "",
  `Initializing ${title} storage...`,
  `- Storage Type: ${type}`,
  "- Workspace: space1",
  "- Connection Status: ✓ Success",
  "",
  "Counting cache records...",
  `- default:extract: ${counts[0]} records`,
  `- default:summary: ${counts[1]} records`,
  `- Total: ${counts[2]} records`,
];
const menu = [
  "",
  "Supported KV Storage Types:",
  "[1] JsonKVStorage",
  "[2] RedisKVStorage",
  "[3] PGKVStorage",
  "[4] MongoKVStorage",
  "",
];

describe("a conversation", () => {
  test("goes as the specification shows it, with piped answers (K13, K14, K16, K18, K20-K25, K27-K29, K39, K40, K43)", async () => {
    await json.fill("space1", sample());
    const { code, stdout } = await llmCache(["migrate", "--batch-size", "10"], env, { answers: "1\n4\ny\n" });
    const filled = [
      "██",
      "████",
      "██████",
      "█████████",
      "███████████",
      "█████████████",
      "████████████████",
      "██████████████████",
    ];
    const percents = [11, 23, 34, 46, 57, 69, 80, 92];
    expect(stdout.split("\n")).toEqual([
      ...menu,
      "Select Source storage type (1-4): ",
      ...checked("Source", "JsonKVStorage", ["85", "2", "87"]),
      ...menu,
      "Select Target storage type (1-4): ",
      ...checked("Target", "MongoKVStorage", ["0", "0", "0"]),
      "",
      "Migration Confirmation",
      "==================================================",
      "Source: JsonKVStorage (workspace: space1) - 87 records",
      "Target: MongoKVStorage (workspace: space1) - 0 records",
      "Batch Size: 10 records/batch",
      "",
      "Continue? (y/n): ",
      "",
      "=== Starting Migration ===",
      ...filled.map(
        (bar, at) =>
          `Batch ${at + 1}/9: ${bar.padEnd(20, "░")} ${10 * (at + 1)}/87 (${percents[at]}%) - default:extract ✓`,
      ),
      `Batch 9/9: ${"█".repeat(20)} 87/87 (100%) - default:summary ✓`,
      "",
      "Persisting data to disk...",
      "✓ Data persisted successfully",
      "",
      "Migration Complete - Final Report",
      "",
      "📊 Statistics:",
      "  Total source records:    87",
      "  Total batches:           9",
      "  Successful batches:      9",
      "  Failed batches:          0",
      "  Successfully migrated:   87",
      "  Failed to migrate:       0",
      "  Success rate:            100.00%",
      "",
      "✓ SUCCESS: All records migrated successfully!",
      "",
    ]);
    expect(code).toBe(0);
    expect(await mongo.dump("space1")).toEqual(sample());
  });

  test("warns of records in the target only where there are some, and stops at anything but y (K22, K23, K24)", async () => {
    await json.fill("space1", sample());
    await mongo.fill("space1", { "default:extract:there": record("there") });
    const there = await mongo.dump("space1");
    const { code, stdout } = await llmCache(["migrate"], env, { answers: "1\n4\nyes\n" });
    expect(stdout).toContain(
      `\n\n⚠ Warning: Target storage already has ${Object.keys(there).length} records\nMigration will overwrite records with the same keys\n`,
    );
    expect(stdout).toMatch(/\n✗ Migration cancelled\n$/);
    expect(code).toBe(0);
    expect(await mongo.dump("space1")).toEqual(there);
  });

  test("ends at Enter or 0, and asks again after anything else (K15)", async () => {
    for (const leave of ["", "0"]) {
      const { code, stdout } = await llmCache(["migrate"], env, { answers: `5\njson\n${leave}\n` });
      expect(stdout.match(/✗ Invalid choice\. Please enter one of: 1, 2, 3, 4/g)).toHaveLength(2);
      expect(stdout).toMatch(/\n✓ Migration cancelled by user\n$/);
      expect(code).toBe(0);
    }
  });

  test("on a terminal leaves the line break to the terminal (K14)", async () => {
    const { stdout } = await llmCache(["migrate"], env, { answers: "0\n", isTTY: true });
    expect(stdout).toContain("Select Source storage type (1-4): \n✓ Migration cancelled by user\n");
  });

  test("names the variables that are missing, in order (K17)", async () => {
    const { code, stdout, stderr } = await llmCache(
      ["migrate"],
      { STATE_FILE: env["STATE_FILE"]!, POSTGRES_DATABASE: "x" },
      { answers: "3\n" },
    );
    expect(stdout).toContain("\n✗ Missing required environment variables: POSTGRES_USER, POSTGRES_PASSWORD\n");
    expect(stderr).toContain("Nothing was touched");
    expect(code).toBe(2);
    const other = { redis: "REDIS_URI", mongodb: "MONGO_URI, MONGO_DATABASE" };
    for (const [type, names] of Object.entries(other)) {
      const end = await llmCache(["migrate", "--source", type], { STATE_FILE: env["STATE_FILE"]! });
      expect(end.stdout).toContain(`✗ Missing required environment variables: ${names}\n`);
    }
  });

  test("says why a store cannot be opened (K19)", async () => {
    const unreachable: Record<string, Record<string, string>> = {
      redis: { REDIS_URI: "redis://:secret@127.0.0.1:1" },
      postgres: {
        POSTGRES_HOST: "127.0.0.1",
        POSTGRES_PORT: "1",
        POSTGRES_USER: "u",
        POSTGRES_PASSWORD: "secret",
        POSTGRES_DATABASE: "d",
      },
    };
    for (const [type, variables] of Object.entries(unreachable)) {
      const { code, stdout, stderr } = await llmCache(["migrate", "--source", type], {
        ...variables,
        STATE_FILE: env["STATE_FILE"]!,
      });
      expect(stdout).toContain("✗ Initialization failed: Connection refused");
      expect(stdout + stderr).not.toContain("secret");
      expect(code).toBe(1);
    }
  });

  test("stops where there is nothing to migrate (K26)", async () => {
    const { code, stdout } = await llmCache(["migrate", "--source", "mongodb"], { ...env, MONGODB_WORKSPACE: "empty" });
    expect(stdout).toMatch(/\n⚠️ {2}Source storage has no cache records to migrate\n$/);
    expect(code).toBe(0);
  });

  test("without an answer and without a flag is a usage error, not a silent success (K25)", async () => {
    await json.fill("space1", sample());
    expect((await llmCache(["migrate"], env)).code).toBe(2);
    const { code, stderr } = await llmCache(["migrate", "--source", "json", "--target", "mongodb"], env);
    expect(code).toBe(2);
    expect(stderr).toContain("Add --yes");
  });
});

describe("in a script", () => {
  test("flags answer everything, and --json gives one document (K25, K42)", async () => {
    await json.fill("script", sample());
    const settings = { ...env, WORKSPACE: "script", MONGODB_WORKSPACE: "script" };
    const args = ["migrate", "--source", "JsonKVStorage", "--target", "mongodb", "--yes", "--json"];
    const { code, stdout } = await llmCache(args, settings);
    expect(JSON.parse(stdout)).toMatchObject({
      command: "llm-cache migrate",
      status: "completed",
      dryRun: false,
      source: { type: "JsonKVStorage", workspace: "script" },
      target: { type: "MongoKVStorage", workspace: "script" },
      totals: { source: 87, batches: 1, successfulBatches: 1, failedBatches: 0, migrated: 87, failed: 0 },
      errors: { total: 0 },
      successRate: 100,
    });
    expect(code).toBe(0);
  });

  test("a dry run counts and writes nothing (K25)", async () => {
    await json.fill("dry", sample());
    const settings = { ...env, WORKSPACE: "dry", MONGODB_WORKSPACE: "dry" };
    const { code, stdout } = await llmCache(
      ["migrate", "--source", "json", "--target", "mongodb", "--dry-run", "--json"],
      settings,
    );
    expect(JSON.parse(stdout)).toMatchObject({ status: "dry_run", totals: { source: 87, batches: 1, migrated: 0 } });
    expect(code).toBe(0);
    expect(await mongo.dump("dry")).toEqual({});
  });

  test(".env in the folder is read, the environment wins over it, and config.ini stands behind both (K5, K6, K7, K11)", async () => {
    await json.fill("fromfile", sample());
    await writeFile(
      join(folder, ".env"),
      `WORKING_DIR=${json.env("")["WORKING_DIR"]}\nWORKSPACE=fromfile\nMONGODB_WORKSPACE=ofmongo\n`,
    );
    const { uri, database } = mongo.settings("") as { uri: string; database: string };
    await writeFile(join(folder, "config.ini"), `[mongodb]\nuri = ${uri}\ndatabase = ${database}\n`);
    const run = (more: Record<string, string>) =>
      llmCache(
        ["migrate", "--source", "json", "--target", "mongodb", "--dry-run", "--json"],
        { STATE_FILE: env["STATE_FILE"]!, ...more },
        { workingDirectory: folder },
      );
    expect(JSON.parse((await run({})).stdout)).toMatchObject({
      source: { workspace: "fromfile" },
      target: { workspace: "ofmongo" },
      totals: { source: 87 },
    });
    expect(JSON.parse((await run({ MONGODB_WORKSPACE: "wins" })).stdout)).toMatchObject({
      target: { workspace: "wins" },
    });
  });

  test("a store is never its own target (K12)", async () => {
    await json.fill("space1", sample());
    const { code, stderr } = await llmCache(["migrate", "--source", "json", "--target", "json", "--yes"], env);
    expect(code).toBe(2);
    expect(stderr).toContain("--source-env FILE and --target-env FILE");
  });

  test("two stores of one type are told apart by variables or files (K2, K12)", async () => {
    await mongo.fill("old", { "default:extract:1": record("one") });
    const apart = { ...mongo.env("old"), TARGET_WORKSPACE: "new", STATE_FILE: env["STATE_FILE"]! };
    const first = await llmCache(["migrate", "--source", "mongodb", "--target", "mongodb", "--yes"], apart);
    expect(first.code).toBe(0);
    expect(await mongo.dump("new")).toEqual({ "default:extract:1": record("one") });

    const lines = Object.entries(mongo.env("newer")).map(([name, value]) => `${name}=${value}`);
    await writeFile(join(folder, "target.env"), lines.join("\n"));
    const args = [
      "migrate",
      "--source",
      "mongodb",
      "--target",
      "mongodb",
      "--target-env",
      join(folder, "target.env"),
      "--yes",
    ];
    // the file alone describes its side, whatever the environment says
    const second = await llmCache(args, {
      ...mongo.env("old"),
      TARGET_WORKSPACE: "other",
      STATE_FILE: env["STATE_FILE"]!,
    });
    expect(second.code).toBe(0);
    expect(await mongo.dump("newer")).toEqual({ "default:extract:1": record("one") });
    expect(await mongo.dump("other")).toEqual({});
  });

  test("other caches come with --include, and only then (K4)", async () => {
    const all = {
      "default:extract:1": record("e"),
      "hybrid:query:1": record("q"),
      "default:analysis:1": record("a"),
      "mix:keywords:1": record("k"),
    };
    await json.fill("all", all);
    const settings = (target: string) => ({ ...env, WORKSPACE: "all", MONGODB_WORKSPACE: target });
    const args = ["migrate", "--source", "json", "--target", "mongodb", "--yes"];
    await llmCache(args, settings("few"));
    expect(Object.keys(await mongo.dump("few"))).toEqual(["default:extract:1"]);
    const { stdout } = await llmCache([...args, "--include", "query,analysis"], settings("more"));
    expect(stdout).toContain("- hybrid:query: 1 records\n");
    expect(Object.keys(await mongo.dump("more")).toSorted()).toEqual([
      "default:analysis:1",
      "default:extract:1",
      "hybrid:query:1",
    ]);
    await llmCache([...args, "--include", "all"], settings("every"));
    expect(await mongo.dump("every")).toEqual(all);
  });

  test("workspaces lists who has caches", async () => {
    await json.fill("listed", sample());
    const { code, stdout } = await llmCache(["workspaces", "--source", "json", "--json"], env);
    const { workspaces } = JSON.parse(stdout) as { workspaces: { workspace: string; total: number }[] };
    expect(workspaces).toContainEqual({
      workspace: "listed",
      counts: { "default:extract": 85, "default:summary": 2 },
      total: 87,
    });
    expect(code).toBe(0);
  });

  test("a wrong variable of another pipeline is none of its business", async () => {
    const { code } = await llmCache(["workspaces", "--source", "json"], { ...env, ELASTICSEARCH_HOSTS: "::::" });
    expect(code).toBe(0);
  });
});
