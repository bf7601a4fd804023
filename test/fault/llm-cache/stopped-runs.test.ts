import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrate } from "../../../src/llm-cache/migrate.ts";
import type { KvStore } from "../../../src/llm-cache/kv-store.ts";
import { storeTypes, type StoreType } from "../../../src/llm-cache/store-settings.ts";
import { openStore } from "../../../src/llm-cache/stores/open-store.ts";
import { md5, record } from "../../support/llm-cache/hostile.ts";
import { temporaryState } from "../../support/llm-cache/state.ts";
import { type Caches, type LightragStore, lightragStores } from "../../support/llm-cache/stores.ts";

const wanted: Caches = Object.fromEntries(
  Array.from({ length: 95 }, (_, at) => [
    `default:${at < 70 ? "extract" : "summary"}:${md5(String(at))}`,
    record(`answer ${at}`),
  ]),
);
const stores = {} as Record<StoreType, LightragStore>;
let state: Awaited<ReturnType<typeof temporaryState>>;
beforeAll(async () => {
  for (const type of storeTypes) {
    stores[type] = await lightragStores[type]();
    await stores[type].fill("from", wanted);
  }
  state = await temporaryState();
});
afterAll(async () => {
  for (const store of Object.values(stores)) await store.close();
  await state.remove();
});

async function migrated(
  from: StoreType,
  to: StoreType,
  workspace: string,
  options: { resume?: boolean; stopAfter?: number },
) {
  const route = {
    source: await openStore(stores[from].settings("from")),
    target: await openStore(stores[to].settings(workspace)),
  };
  const stop = new AbortController();
  try {
    return await migrate(
      route,
      state,
      { batchSize: 10, concurrency: 2, ...(options.resume === true && { resume: true }) },
      {
        signal: stop.signal,
        onBatch: ({ number }) => {
          if (number === options.stopAfter) stop.abort(new DOMException("stopped", "AbortError"));
        },
      },
    );
  } finally {
    await route.source.close();
    await route.target.close();
  }
}

describe.each(storeTypes)("a run from %s", (from) => {
  const to: StoreType = from === "JsonKVStorage" ? "MongoKVStorage" : "JsonKVStorage";

  test("that is stopped keeps what was migrated, and goes on with exact numbers (K29, K35, K36)", async () => {
    const workspace = `stopped_${from}`;
    const first = await migrated(from, to, workspace, { stopAfter: 3 });
    expect(first.status).toBe("interrupted");
    const there = await stores[to].dump(workspace);
    expect(Object.keys(there)).toHaveLength(first.totals.migrated);
    expect(first.totals.migrated).toBeGreaterThanOrEqual(30);
    expect(first.totals.migrated).toBeLessThan(95);
    const second = await migrated(from, to, workspace, { resume: true });
    expect(second).toMatchObject({
      status: "completed",
      totals: { source: 95, batches: 10, successfulBatches: 10, migrated: 95, failed: 0 },
    });
    expect(await stores[to].dump(workspace)).toEqual(wanted);
    await expect(migrated(from, to, workspace, { resume: true })).rejects.toMatchObject({ code: "nothing_to_resume" });
  });

  test("that is run again writes the same once more (K35)", async () => {
    const workspace = `again_${from}`;
    await migrated(from, to, workspace, {});
    expect((await migrated(from, to, workspace, {})).totals.migrated).toBe(95);
    expect(await stores[to].dump(workspace)).toEqual(wanted);
  });
});

test("a source file that was written anew meanwhile is read from the start", async () => {
  await stores.JsonKVStorage.fill("changing", wanted);
  const source = () => openStore(stores.JsonKVStorage.settings("changing"));
  const stop = new AbortController();
  const target = await openStore(stores.PGKVStorage.settings("changed"));
  const first = await source();
  await migrate(
    { source: first, target },
    state,
    { batchSize: 10, concurrency: 1 },
    { signal: stop.signal, onBatch: () => stop.abort(new DOMException("", "AbortError")) },
  );
  await first.close();
  const reordered = Object.fromEntries(Object.entries(wanted).toReversed());
  await stores.JsonKVStorage.fill("changing", reordered);
  const second = await source();
  const report = await migrate(
    { source: second, target },
    state,
    { batchSize: 10, resume: true },
    { signal: new AbortController().signal },
  );
  await second.close();
  await target.close();
  expect(report.totals).toMatchObject({ source: 95, migrated: 95 });
  expect(await stores.PGKVStorage.dump("changed")).toEqual(wanted);
});

test("two runs never write to one target at once", async () => {
  const source = await openStore(stores.PGKVStorage.settings("from"));
  const target = await openStore(stores.MongoKVStorage.settings("busy"));
  const signal = new AbortController().signal;
  const second = Promise.withResolvers<unknown>();
  let isStarted = false;
  const startSecond = (): void => {
    if (isStarted) return;
    isStarted = true;
    second.resolve(migrate({ source, target }, state, {}, { signal }).catch((error: unknown) => error));
  };
  /** Ends when the second run has ended. */
  const slow = Object.create(source, {
    read: {
      value: async function* (...args: Parameters<KvStore["read"]>) {
        yield* source.read(...args);
        await second.promise;
      },
    },
  }) as KvStore;
  await migrate({ source: slow, target }, state, { batchSize: 10 }, { signal, onBatch: startSecond });
  expect(await second.promise).toMatchObject({ code: "target_busy" });
  await source.close();
  await target.close();
});
