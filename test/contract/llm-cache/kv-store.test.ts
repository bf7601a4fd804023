import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CacheKinds } from "../../../src/llm-cache/entries/cache-kinds.ts";
import type { CacheEntry } from "../../../src/llm-cache/entries/cache-entry.ts";
import type { KvStore } from "../../../src/llm-cache/kv-store.ts";
import { storeTypes } from "../../../src/llm-cache/store-settings.ts";
import { openStore } from "../../../src/llm-cache/stores/open-store.ts";
import { hostileCaches, largeRecord, md5, neighbours, otherCaches, record } from "../../support/llm-cache/hostile.ts";
import { type Caches, type LightragStore, lightragStores } from "../../support/llm-cache/stores.ts";

const kinds = new CacheKinds();
const never = new AbortController().signal;

describe.each(storeTypes)("%s", (type) => {
  let lightrag: LightragStore;
  const opened: KvStore[] = [];
  const open = async (workspace: string): Promise<KvStore> => {
    const store = await openStore(lightrag.settings(workspace));
    opened.push(store);
    return store;
  };
  beforeAll(async () => void (lightrag = await lightragStores[type]()));
  afterAll(async () => {
    await Promise.all(opened.map((store) => store.close()));
    await lightrag.close();
  });

  test("counts and reads what LightRAG wrote, this workspace's extract and summary caches alone, each once (K3, K4, K37, K46)", async () => {
    const wanted = { ...hostileCaches(), "default:extract:large": largeRecord() };
    await lightrag.fill("w", { ...otherCaches(), ...wanted });
    for (const other of neighbours) await lightrag.fill(other, { [`default:extract:${md5("n")}`]: record(other) });
    const store = await open("w");
    const counts = await store.count(kinds, never);
    const total = [...counts.values()].reduce((sum, entries) => sum + entries, 0);
    expect(total).toBe(Object.keys(wanted).length);
    expect(counts.get("default:summary")).toBe(41);
    expect(recordsOf(await readAll(store))).toEqual(wanted);
  });

  test("goes on behind any entry without missing one (K36)", async () => {
    const caches = numbered(50);
    await lightrag.fill("cursors", caches);
    const store = await open("cursors");
    const cursors: { readonly cursor: string; readonly seen: string[] }[] = [];
    const seen: string[] = [];
    for await (const page of store.read(kinds, undefined, never)) {
      for (const [index, { key }] of page.entries.entries()) {
        seen.push(key);
        cursors.push({ cursor: page.cursorAfter(index), seen: [...seen] });
      }
    }
    // a second cursor of the same page knows what the first one had passed
    for (const { cursor } of cursors.slice(0, 10)) {
      for await (const page of store.read(kinds, cursor, never)) {
        const next = await readAll(store, page.cursorAfter(0));
        const passed = cursors.findIndex((one) => one.cursor === cursor) + 2;
        expect(next).toHaveLength(50 - passed);
        break;
      }
    }
    for (const { cursor, seen: before } of cursors) {
      const rest = (await readAll(store, cursor)).map(({ key }) => key);
      expect(new Set([...before, ...rest]).size).toBe(50);
      expect(before.length + rest.length).toBe(50);
    }
  });

  test("writes what LightRAG reads, over the same keys, and leaves all else (K33, K37, K38, K46)", async () => {
    const before = {
      ...otherCaches(),
      [`default:extract:${md5("old")}`]: record("kept"),
      "default:extract:": record("replaced"),
    };
    await lightrag.fill("t", before);
    await lightrag.fill("t1", before);
    const wanted = { ...hostileCaches(), "default:extract:large": largeRecord() };
    const store = await open("t");
    await store.prepare(false);
    const entries = Object.entries(wanted).map(([key, value]) => ({
      key,
      text: JSON.stringify({ ...value, _id: key }),
    }));
    expect(await store.write(entries.slice(0, 20))).toEqual([]);
    expect(await store.write(entries.slice(20))).toEqual([]);
    await store.persist();
    expect(await lightrag.dump("t")).toEqual({ ...before, ...wanted });
    expect(await lightrag.dump("t1")).toEqual(before);
  });

  test("gets those of the keys that are there", async () => {
    const caches = numbered(12);
    await lightrag.fill("get", caches);
    const store = await open("get");
    const keys = Object.keys(caches).filter((_key, at) => at % 3 === 0);
    expect(recordsOf(await store.get([...keys, "default:extract:none"]))).toEqual(
      Object.fromEntries(keys.map((key) => [key, caches[key]])),
    );
  });

  test("is empty where nothing was ever written", async () => {
    const store = await open("nothing");
    expect([...(await store.count(kinds, never)).values()].filter((entries) => entries > 0)).toEqual([]);
    expect(await readAll(store)).toEqual([]);
    expect(await store.get(["default:extract:x"])).toEqual([]);
  });

  test("refuses what is no record, and writes the rest (K30)", async () => {
    const store = await open("refusals");
    await store.prepare(false);
    const refused = await store.write([
      entry("default:extract:good", record("good")),
      { key: "default:extract:text", text: '"text"' },
      { key: "default:extract:cut", text: '{"return": "x"' },
      entry("default:extract:\ud800", record("half a pair")),
    ]);
    await store.persist();
    expect(refused.map(({ type: kind }) => kind).toSorted()).toEqual([
      "InvalidJsonError",
      "InvalidJsonError",
      "InvalidTextError",
    ]);
    expect(await lightrag.dump("refusals")).toEqual({ "default:extract:good": record("good") });
  });

  test("stops before the next page when it is told to", async () => {
    await lightrag.fill("stop", numbered(30));
    const store = await open("stop");
    const stop = new AbortController();
    let pages = 0;
    for await (const page of store.read(kinds, undefined, stop.signal)) {
      expect(page.entries.length).toBeGreaterThan(0);
      pages++;
      stop.abort();
    }
    expect(pages).toBeLessThanOrEqual(2);
  });
});

function entry(key: string, value: object): CacheEntry {
  return { key, text: JSON.stringify({ ...value, _id: key }) };
}

function numbered(count: number): Caches {
  const keys = Array.from(
    { length: count },
    (_, at) => `default:${at % 4 === 0 ? "summary" : "extract"}:${md5(String(at))}`,
  );
  return Object.fromEntries(keys.map((key, at) => [key, record(`answer ${at}`)]));
}

async function readAll(store: KvStore, after?: string): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = [];
  for await (const page of store.read(kinds, after, never)) entries.push(...page.entries);
  return entries;
}

function recordsOf(entries: readonly CacheEntry[]): Caches {
  const records = Object.fromEntries(
    entries.map(({ key, text }) => {
      const { _id, ...value } = JSON.parse(text) as Record<string, unknown>;
      expect(_id ?? key).toBe(key);
      return [key, value];
    }),
  );
  expect(Object.keys(records)).toHaveLength(entries.length); // none twice
  return records;
}
