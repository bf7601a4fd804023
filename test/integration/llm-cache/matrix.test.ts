import { afterAll, beforeAll, expect, test } from "vitest";
import { migrate } from "../../../src/llm-cache/migrate.ts";
import { type StoreType, storeTypes } from "../../../src/llm-cache/store-settings.ts";
import { openStore } from "../../../src/llm-cache/stores/open-store.ts";
import { hostileCaches, largeRecord, md5, otherCaches, record } from "../../support/llm-cache/hostile.ts";
import { type LightragStore, lightragStores, type PlainRecord } from "../../support/llm-cache/stores.ts";
import { temporaryState } from "../../support/llm-cache/state.ts";

/** Workspaces that begin with another's name, and those of which a pattern's sign is the difference. */
const neighbours = ["2", "_"];
const signal = new AbortController().signal;
const stores = {} as Record<StoreType, LightragStore>;
let state: Awaited<ReturnType<typeof temporaryState>>;

const kept = { [`default:extract:${md5("kept")}`]: record("kept"), ...otherCaches() };
const neighbour = { [`default:extract:${md5("neighbour")}`]: record("neighbour") };
/** Some store or other cannot hold most of these. */
const difficult: Record<string, PlainRecord> = {
  "default:extract:large": largeRecord(),
  "default:extract:nul": record("a\u0000b"),
  "default:extract:pair": record("half \ud83d of a pair"),
  "default:extract:field": record("a field of tomorrow", { confidence: 0.5 }),
};
const refused: Record<StoreType, readonly string[]> = {
  JsonKVStorage: [],
  RedisKVStorage: [],
  PGKVStorage: ["default:extract:field", "default:extract:nul", "default:extract:pair"],
  MongoKVStorage: ["default:extract:pair"],
};

beforeAll(async () => {
  state = await temporaryState();
  for (const type of storeTypes) {
    stores[type] = await lightragStores[type]();
    await stores[type].fill("from", { ...otherCaches(), ...hostileCaches(), ...holdable(type, difficult) });
    for (const name of neighbours) await stores[type].fill(`from${name}`, neighbour);
  }
}, 60_000);
afterAll(async () => {
  for (const store of Object.values(stores)) await store.close();
  await state.remove();
});

const pairs = storeTypes.flatMap((from) => storeTypes.map((to) => [from, to] as const));

test.each(pairs)(
  "%s to %s: each record is there as it was, all else as before, and each refused one is named (K2, K33, K37, K38)",
  async (from, to) => {
    const workspace = `to_${from}`;
    await stores[to].fill(workspace, kept);
    for (const name of neighbours) await stores[to].fill(workspace + name, neighbour);
    const source = await openStore(stores[from].settings("from"));
    const target = await openStore(stores[to].settings(workspace));
    try {
      const report = await migrate({ source, target }, state, { batchSize: 10 }, { signal });
      const given = { ...hostileCaches(), ...holdable(from, difficult) };
      const lost = refused[to].filter((key) => key in given);
      const arrived = Object.fromEntries(Object.entries(given).filter(([key]) => !lost.includes(key)));
      expect(report.totals).toMatchObject({
        source: Object.keys(given).length,
        migrated: Object.keys(arrived).length,
        failed: lost.length,
        batches: Math.ceil(Object.keys(given).length / 10),
      });
      expect(report.status).toBe(lost.length === 0 ? "completed" : "completed_with_errors");
      const errors = await state.errors.list({ runId: report.runId! }, 100);
      expect(errors.map(({ id }) => id).toSorted()).toEqual([...lost].toSorted());
      expect(await stores[to].dump(workspace)).toEqual({ ...kept, ...arrived });
      for (const name of neighbours) expect(await stores[to].dump(workspace + name)).toEqual(neighbour);
      expect(await stores[from].dump("from")).toEqual({ ...otherCaches(), ...given });
    } finally {
      await source.close();
      await target.close();
    }
  },
);

function holdable(type: StoreType, caches: Record<string, PlainRecord>): Record<string, PlainRecord> {
  return Object.fromEntries(Object.entries(caches).filter(([key]) => !refused[type].includes(key)));
}
