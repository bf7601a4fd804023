import { afterAll, beforeAll, expect, test } from "vitest";
import type { CacheEntry } from "../../../src/llm-cache/entries/cache-entry.ts";
import type { KvStore, Page } from "../../../src/llm-cache/kv-store.ts";
import { migrate } from "../../../src/llm-cache/migrate.ts";
import { temporaryState } from "../../support/llm-cache/state.ts";

let state: Awaited<ReturnType<typeof temporaryState>>;
beforeAll(async () => void (state = await temporaryState()));
afterAll(() => state.remove());

const signal = new AbortController().signal;
const nothing = async (): Promise<never> => {
  throw new Error("this store was not to be asked for that");
};

/** A source of so many entries in pages of these sizes, again and again, and a target; neither does anything else. */
function stores(entries: number, sizes: readonly number[]) {
  let [read, written, most] = [0, 0, 0];
  const batches: number[] = [];
  const base = { workspace: "", accepts: nothing, get: nothing, workspaces: nothing, close: nothing };
  async function* pages(): AsyncGenerator<Page> {
    for (let at = 0; read < entries; at++) {
      const size = Math.min(sizes[at % sizes.length]!, entries - read);
      const page = Array.from({ length: size }, (_, n): CacheEntry => ({
        key: `default:extract:${read + n}`,
        text: "{}",
      }));
      read += size;
      most = Math.max(most, read - written);
      yield { entries: page, cursorAfter: (index) => page[index]!.key };
    }
  }
  const source: KvStore = {
    ...base,
    type: "RedisKVStorage",
    identity: `source of ${entries}`,
    count: async () => new Map([["default:extract", entries]]),
    read: pages,
    prepare: nothing,
    write: nothing,
    persist: nothing,
  };
  const target: KvStore = {
    ...base,
    type: "PGKVStorage",
    identity: `target of ${entries}`,
    count: nothing,
    read: nothing as never,
    prepare: async () => {},
    write: async (batch) => {
      await new Promise(setImmediate);
      batches.push(batch.length);
      written += batch.length;
      return [];
    },
    persist: async () => {},
  };
  return { route: { source, target }, batches, mostHeld: () => most };
}

test("pages of any size become batches of exactly the size that was asked for, but for the last (K27, K31)", async () => {
  const { route, batches } = stores(8734, [1, 999, 1000, 1001, 0, 3000, 7]);
  const report = await migrate(route, state, {}, { signal });
  expect(batches).toEqual([1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 734]);
  expect(report.totals).toMatchObject({ batches: 9, successfulBatches: 9, migrated: 8734 });
});

test("what is held at once depends on the batches in flight, not on how much there is to move (K32)", async () => {
  const held: number[] = [];
  for (const entries of [20_000, 200_000]) {
    const { route, mostHeld } = stores(entries, [250]);
    await migrate(route, state, { batchSize: 100, concurrency: 4 }, { signal });
    held.push(mostHeld());
  }
  // four batches and the one that is read ahead, and two pages
  for (const entries of held) expect(entries).toBeLessThanOrEqual(5 * 100 + 2 * 250);
});

test("the target is written to and never read again, counted or compared (K34)", async () => {
  const { route } = stores(500, [100]);
  expect(await migrate(route, state, { batchSize: 50 }, { signal })).toMatchObject({ status: "completed" });
});
