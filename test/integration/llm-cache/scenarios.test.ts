import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { llmCache } from "../../support/llm-cache/cli.ts";
import { hostileCaches } from "../../support/llm-cache/hostile.ts";
import { type LightragStore, lightragStores } from "../../support/llm-cache/stores.ts";

const page = new URL("../../../docs/llm-cache.md", import.meta.url);
const wanted = hostileCaches();
let stores: LightragStore[];
let folder: string;
let scenarios: Map<string, string[][]>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-docs-"));
  stores = await Promise.all([
    lightragStores.JsonKVStorage(),
    lightragStores.MongoKVStorage(),
    lightragStores.PGKVStorage(),
    lightragStores.PGKVStorage(),
    lightragStores.RedisKVStorage(),
  ]);
  scenarios = commandsOf(await readFile(page, "utf8"));
});
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await rm(folder, { recursive: true });
});

/** The arguments of the page's commands, by the heading they stand under. */
function commandsOf(text: string): Map<string, string[][]> {
  const found = new Map<string, string[][]>();
  for (const section of text.split(/^## /m).slice(1)) {
    const commands = [...section.matchAll(/^\$ app llm-cache (.+)$/gm)].map(([, args]) => args!.split(" "));
    found.set(section.split("\n")[0]!, commands);
  }
  return found;
}

async function writeEnv(name: string, variables: Record<string, string>): Promise<void> {
  await writeFile(
    join(folder, name),
    Object.entries(variables)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
}

const run = (args: readonly string[], answers = "") =>
  llmCache(args, { STATE_FILE: join(folder, "state.db") }, { workingDirectory: folder, answers });

describe("the scenarios of docs/llm-cache.md, on real servers", () => {
  test("1: JSON to MongoDB, by menu and in a script (K43)", async () => {
    const [json, mongo] = stores as [LightragStore, LightragStore];
    await json.fill("production", wanted);
    const { MONGODB_WORKSPACE: _, ...mongoEnv } = mongo.env("");
    await writeEnv(".env", { ...json.env("production"), ...mongoEnv });
    const [byMenu, inScript] = scenarios.get("Scenario 1: JSON to MongoDB")!;
    expect((await run(byMenu!, "1\n4\ny\n")).code).toBe(0);
    expect(await mongo.dump("production")).toEqual(wanted);
    expect((await run(inScript!)).code).toBe(0);
    expect(await mongo.dump("production")).toEqual(wanted);
  });

  test("2: PostgreSQL to another PostgreSQL (K44)", async () => {
    const [, , old, fresh] = stores as [LightragStore, LightragStore, LightragStore, LightragStore];
    await old.fill("old_db", wanted);
    await writeEnv("old.env", old.env("old_db"));
    await writeEnv(".env", fresh.env("new_db"));
    for (const args of scenarios.get("Scenario 2: PostgreSQL to another PostgreSQL")!)
      expect((await run(args)).code).toBe(0);
    expect(await fresh.dump("new_db")).toEqual(wanted);
    expect(await old.dump("old_db")).toEqual(wanted);
  });

  test("3: Redis to PostgreSQL, and the comparison, which tells a changed record (K45)", async () => {
    const [postgres, redis] = stores.slice(3) as [LightragStore, LightragStore];
    await redis.fill("cache", wanted);
    await writeEnv(".env", { ...redis.env("cache"), ...postgres.env("third") });
    const [migrate, validate] = scenarios.get("Scenario 3: Redis to PostgreSQL")!;
    expect((await run(migrate!)).code).toBe(0);
    expect(await postgres.dump("third")).toEqual(wanted);
    const same = await run([...validate!, "--json"]);
    expect(JSON.parse(same.stdout)).toMatchObject({
      status: "match",
      totals: { matched: Object.keys(wanted).length, extra: 0 },
    });
    expect(same.code).toBe(0);
    const [key, record] = Object.entries(wanted)[0]!;
    await redis.fill("cache", { [key]: { ...record, return: "changed" }, "default:extract:more": record });
    const other = await run([...validate!, "--json"]);
    expect(JSON.parse(other.stdout)).toMatchObject({
      status: "mismatch",
      totals: { missing: 1, different: 1 },
      differences: expect.arrayContaining([
        { id: key, kind: "different", fields: ["return"] },
        { id: "default:extract:more", kind: "missing", fields: [] },
      ]) as unknown,
    });
    expect(other.code).toBe(3);
  });
});
