import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonSettings, StoreType } from "../../../src/llm-cache/store-settings.ts";
import { sideEnv } from "../../support/llm-cache/cli.ts";
import { md5, record } from "../../support/llm-cache/hostile.ts";
import { startLlmCache } from "../../support/llm-cache/process.ts";
import { type Caches, type LightragStore, lightragStores } from "../../support/llm-cache/stores.ts";

const isFull = Boolean(process.env["TEST_FULL"]);
const kills = isFull ? 20 : 2;
const records = isFull ? 6000 : 1000;
const wanted: Caches = Object.fromEntries(
  Array.from({ length: records }, (_, at) => [`default:extract:${md5(String(at))}`, record(`answer ${at}`)]),
);
const opened: LightragStore[] = [];
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "llm-kill-"))));
afterAll(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await rm(folder, { recursive: true });
});

const pairs: readonly (readonly [StoreType, StoreType])[] = [
  ["RedisKVStorage", "PGKVStorage"],
  ["JsonKVStorage", "JsonKVStorage"],
  ...(isFull ? ([["PGKVStorage", "MongoKVStorage"]] as const) : []),
];

test.each(pairs)(
  `%s to %s, killed ${kills} times at any moment: in the end the target is the source, nothing twice (K36)`,
  async (from, to) => {
    const source = await lightragStores[from]();
    const target = await lightragStores[to]();
    opened.push(source, target);
    await source.fill("from", wanted);
    const before = { "default:extract:before": record("there before"), "default:query:1": record("a query") };
    await target.fill("to", before);
    const env = {
      ...sideEnv("SOURCE", source.env("from")),
      ...sideEnv("TARGET", target.env("to")),
      STATE_FILE: join(folder, `${from}-${to}.db`),
    };
    const flags = ["--source", from, "--target", to, "--yes", "--batch-size", "50"];
    let resume: string[] = [];
    for (let kill = 0; kill < kills; kill++) {
      // slow enough to be still at work when it is killed: in the whole time of all kills about two thirds of the
      // records pass
      const run = startLlmCache(["migrate", ...flags, "--max-rps", String(Math.ceil(records / kills)), ...resume], env);
      const first = await Promise.race([run.begun.then(() => "begun" as const), run.ended]);
      if (first === "begun") resume = ["--resume"];
      await Promise.race([sleep(Math.random() * 1000), run.ended]);
      run.child.kill("SIGKILL");
      await run.ended;
    }
    const last = await startLlmCache(["migrate", ...flags, ...resume, "--json"], env).ended;
    expect(last.code, last.stderr).toBe(0);
    expect(JSON.parse(last.stdout)).toMatchObject({
      status: "completed",
      totals: { source: records, migrated: records, failed: 0, batches: records / 50 },
    });
    expect(await target.dump("to")).toEqual({ ...wanted, ...before });
    if (to !== "JsonKVStorage") return;
    const { folder: place } = target.settings("to") as JsonSettings;
    expect(await readdir(join(place, "to"))).toEqual(["kv_store_llm_response_cache.json"]); // and nothing left behind
  },
);
