import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CacheKinds } from "../../../src/llm-cache/entries/cache-kinds.ts";
import { migrate } from "../../../src/llm-cache/migrate.ts";
import type { JsonSettings, RedisSettings, StoreSettings } from "../../../src/llm-cache/store-settings.ts";
import { openStore } from "../../../src/llm-cache/stores/open-store.ts";
import { record } from "../../support/llm-cache/hostile.ts";
import { temporaryState } from "../../support/llm-cache/state.ts";
import { type Caches, type LightragStore, lightragStores } from "../../support/llm-cache/stores.ts";

// Old versions of LightRAG kept an object for each mode, hash to record, which today's flatten when they open the
// store.

const signal = new AbortController().signal;
const old = {
  default: {
    h1: record("extracted 知识"),
    h2: record("summed up", { cache_type: "summary", queryparam: { id: 7 } }),
    h3: { return: "no type", original_prompt: "p" },
  },
  local: { h4: record("a query", { cache_type: "query" }) },
};
/** As LightRAG names them. */
const wanted: Caches = {
  "default:extract:h1": old.default.h1,
  "default:summary:h2": old.default.h2,
  "default:extract:h3": old.default.h3,
};
let redis: LightragStore;
let json: LightragStore;
let mongo: LightragStore;
let state: Awaited<ReturnType<typeof temporaryState>>;
beforeAll(async () => {
  [redis, json, mongo] = await Promise.all([
    lightragStores.RedisKVStorage(),
    lightragStores.JsonKVStorage(),
    lightragStores.MongoKVStorage(),
  ]);
  state = await temporaryState();
});
afterAll(async () => {
  await Promise.all([redis, json, mongo].map((store) => store.close()));
  await state.remove();
});

async function migrated(from: StoreSettings, workspace: string, stopAfter?: number, resume = false) {
  const route = { source: await openStore(from), target: await openStore(mongo.settings(workspace)) };
  const stop = new AbortController();
  const onBatch = ({ number }: { readonly number: number }): void => {
    if (number === stopAfter) stop.abort(new DOMException("", "AbortError"));
  };
  try {
    return await migrate(route, state, { batchSize: 1, concurrency: 1, resume }, { signal: stop.signal, onBatch });
  } finally {
    await route.source.close();
    await route.target.close();
  }
}

test("nested caches of a JSON file are moved under the keys of today (K46)", async () => {
  const settings = json.settings("old") as JsonSettings;
  await mkdir(join(settings.folder, "old"));
  await writeFile(join(settings.folder, "old", "kv_store_llm_response_cache.json"), JSON.stringify(old, undefined, 2));
  expect((await migrated(settings, "json")).totals).toMatchObject({ source: 3, migrated: 3 });
  expect(await mongo.dump("json")).toEqual(wanted);
});

test("nested caches of Redis are moved under the keys of today, also in two runs, and can be fetched by them (K36, K46)", async () => {
  const settings = redis.settings("old") as RedisSettings;
  const prefix = `${settings.workspace}_llm_response_cache`;
  const client = await createClient({ url: settings.uri }).connect();
  for (const [mode, records] of Object.entries(old)) await client.set(`${prefix}:${mode}`, JSON.stringify(records));
  await client.set(`${prefix}:hybrid`, "no JSON");
  expect(await migrated(settings, "redis", 1)).toMatchObject({ status: "interrupted" });
  const rest = await migrated(settings, "redis", undefined, true);
  expect(rest.totals).toMatchObject({ source: 3, migrated: 3 });
  expect(await mongo.dump("redis")).toEqual(wanted);

  const source = await openStore(settings);
  const [found] = await source.get(["default:summary:h2"]);
  expect(JSON.parse(found!.text)).toEqual(old.default.h2);
  expect(await source.count(new CacheKinds(["query"]), signal)).toEqual(
    new Map([
      ["default:extract", 2],
      ["default:summary", 1],
      ["local:query", 1],
    ]),
  );
  await source.close();

  // LightRAG takes a store with any key of today for flattened, and leaves these alone
  await client.set(`${prefix}:default:extract:new`, JSON.stringify(record("new")));
  expect((await migrated(settings, "flattened")).totals).toMatchObject({ source: 1, migrated: 1 });
  await client.del([...Object.keys(old).map((mode) => `${prefix}:${mode}`), `${prefix}:hybrid`]);
  client.destroy();
});
