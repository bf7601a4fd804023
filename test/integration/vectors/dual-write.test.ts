import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { DualWrite } from "../../../src/vectors/dual-write/dual-write.ts";
import type { RecordStore } from "../../../src/vectors/operations/record-store.ts";
import { listComparisons } from "../../../src/vectors/state/comparisons.ts";
import { savePhase, type TenantPhase } from "../../../src/vectors/state/phases.ts";
import { backlog, listStuck } from "../../../src/vectors/state/write-log.ts";
import { runRandomOperations } from "../../support/random-operations.ts";
import {
  drained,
  expectEqualStores,
  newTenant,
  type TestVectors,
  testVectors,
  vectorOf,
} from "../../support/vectors.ts";

let vectors: TestVectors;
beforeAll(async () => {
  vectors = await testVectors();
});
afterAll(() => vectors?.close());

async function enter(tenant: string, phase: Partial<TenantPhase>): Promise<void> {
  const after: TenantPhase = { phase: "dual_write", readPercent: 0, shadow: false, ...phase };
  await vectors.connections.state.write((db) => savePhase(db, tenant, after, []));
}

/** The store, with every call counted; `fail` makes calls reject. */
function watched(store: RecordStore, fail?: () => Error | undefined): { store: RecordStore; calls: string[] } {
  const calls: string[] = [];
  const proxy = new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        calls.push(String(name));
        const error = fail?.();
        if (error !== undefined) return Promise.reject(error);
        return (value as (...all: unknown[]) => unknown).apply(target, given);
      };
    },
  });
  return { store: proxy, calls };
}

test("V21: a write that Weaviate refuses makes no call to Milvus, and leaves nothing to be copied", async () => {
  const { state, stores } = vectors.connections;
  const milvus = watched(stores.milvus);
  const dual = new DualWrite(state, { weaviate: stores.weaviate, milvus: milvus.store });
  const tenant = newTenant();
  await enter(tenant, {});
  await dual.insertRecord(tenant, { uniqueid: "a", vector: vectorOf(1) });
  await drained(vectors.connections, tenant);
  const before = milvus.calls.length;
  await expect(dual.insertRecord(tenant, { uniqueid: "b", vector: [1, 2] })).rejects.toThrow("vector");
  await expect(dual.insertRecord(tenant, { uniqueid: "b", vector: vectorOf(1), created: 2n ** 60n })).rejects.toThrow(
    "2^53",
  );
  expect(await backlog(state, tenant)).toMatchObject({ writing: 0, dirty: 0 });
  expect(milvus.calls.slice(before)).toEqual([]);
  await dual.close();
});

test("V21, V32: in phase setup Weaviate alone is written", async () => {
  const { state, stores } = vectors.connections;
  const milvus = watched(stores.milvus);
  const dual = new DualWrite(state, { weaviate: stores.weaviate, milvus: milvus.store });
  const tenant = newTenant();
  await dual.insertRecord(tenant, { uniqueid: "a", vector: vectorOf(1) });
  expect(await backlog(state, tenant)).toMatchObject({ writing: 0, dirty: 0 });
  expect(await dual.getRecordById(tenant, "a")).toBeDefined();
  expect(milvus.calls).toEqual([]);
  await dual.close();
});

test("V22: a record that Milvus does not take is in Weaviate, is kept with the reason, and is mended by the next write", async () => {
  const { state, stores, connections } = { ...vectors.connections, connections: vectors.connections };
  const dual = new DualWrite(state, stores);
  const tenant = newTenant();
  await enter(tenant, {});
  await dual.insertRecord(tenant, { uniqueid: "short", title: "kept" });
  await drained(connections, tenant);
  expect(await dual.getRecordById(tenant, "short")).toMatchObject({ title: "kept" });
  expect(await listStuck(state, tenant, 10)).toEqual([
    expect.objectContaining({
      id: "short",
      state: "refused",
      reason: expect.stringContaining("dimension_mismatch") as string,
    }),
  ]);
  await dual.insertRecord(tenant, { uniqueid: "short", title: "kept", vector: vectorOf(1) });
  await drained(connections, tenant);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await expectEqualStores(connections, tenant)).toBe(1);
  await dual.close();
});

test("V25: two processes that write one record at once end with the same value in both stores", async () => {
  const [one, two] = await Promise.all([vectors.another(), vectors.another()]);
  const tenant = newTenant();
  await enter(tenant, {});
  const write = async ({ dual }: typeof one, name: string): Promise<void> => {
    for (let at = 0; at < 30; at++) {
      await dual.insertRecord(tenant, { uniqueid: "contested", title: `${name} ${at}`, vector: vectorOf(at, 1) });
      if (at % 7 === 0) await dual.deleteRecord(tenant, "contested");
      if (at % 3 === 0) await dual.updateRecordMetadata(tenant, "contested", { content: name });
    }
  };
  await Promise.all([write(one, "one"), write(one, "one again"), write(two, "two")]);
  await drained(vectors.connections, tenant);
  expect(await expectEqualStores(vectors.connections, tenant)).toBe(1);
  await Promise.all([one.close(), two.close()]);
});

test("V39: many records are few requests to each store, however they are written", async () => {
  const { connections } = vectors;
  const { state, stores, milvus, weaviate } = connections;
  const asked = [vi.spyOn(milvus, "call"), vi.spyOn(weaviate, "call")];
  onTestFinished(() => asked.forEach((spy) => spy.mockRestore()));
  const requests = (): [milvus: number, weaviate: number] => [asked[0]!.mock.calls.length, asked[1]!.mock.calls.length];
  const dual = new DualWrite(state, stores);
  onTestFinished(() => dual.close());
  const [tenant, one] = [newTenant(), newTenant()];
  await enter(tenant, {});
  await enter(one, {});
  await dual.insertRecord(one, { uniqueid: "warm", vector: vectorOf(1) }); // connections, dialect
  await drained(connections);

  const before = requests();
  const records = Array.from({ length: 400 }, (_, at) => ({ uniqueid: `note ${at}`, vector: vectorOf(at + 1) }));
  await dual.upsertRecords(tenant, records);
  await drained(connections);
  const batch = requests();
  expect(await expectEqualStores(connections, tenant)).toBe(400);
  // Weaviate: one write, and a read for each 200 that are copied; Milvus: a look-up and a write for each 200
  expect(batch[1] - before[1]).toBeLessThanOrEqual(6);
  expect(batch[0] - before[0]).toBeLessThanOrEqual(8);

  // single saves at once: each is a write of Weaviate, and Milvus gets them together
  const start = requests();
  await Promise.all(records.slice(0, 50).map((record) => dual.insertRecord(one, record)));
  await drained(connections);
  expect(requests()[0] - start[0]).toBeLessThan(25);
  expect(await expectEqualStores(connections, one)).toBe(51);
});

test("V9: updates of different properties by two processes are all kept", async () => {
  const [one, two] = await Promise.all([vectors.another(), vectors.another()]);
  const tenant = newTenant();
  await enter(tenant, {});
  await one.dual.insertRecord(tenant, { uniqueid: "u", recordType: "misc", vector: vectorOf(1) });
  const names = ["date", "content", "foreignId", "miscData", "startId", "endId"];
  await Promise.all(
    names.map((name, at) => (at % 2 ? one : two).dual.updateRecordMetadata(tenant, "u", { [name]: name })),
  );
  expect(await one.dual.getRecordById(tenant, "u")).toMatchObject(
    Object.fromEntries(names.map((name) => [name, name])),
  );
  await Promise.all([one.close(), two.close()]);
});

test("V23, V34, V35: reads come from Weaviate until phase read_migration, then by their share from Milvus", async () => {
  const { state, stores } = vectors.connections;
  const [weaviate, milvus] = [watched(stores.weaviate), watched(stores.milvus)];
  const dual = new DualWrite(state, { weaviate: weaviate.store, milvus: milvus.store });
  const tenant = newTenant();
  await enter(tenant, {});
  await dual.insertRecord(tenant, { uniqueid: "a", vector: vectorOf(1) });
  await drained(vectors.connections, tenant);
  const readsOf = async (count: number): Promise<{ weaviate: number; milvus: number }> => {
    const before = [weaviate.calls.length, milvus.calls.length] as const;
    for (let at = 0; at < count; at++) expect(await dual.getRecordById(tenant, "a")).toBeDefined();
    return { weaviate: weaviate.calls.length - before[0], milvus: milvus.calls.length - before[1] };
  };
  expect(await readsOf(20)).toEqual({ weaviate: 20, milvus: 0 });
  await enter(tenant, { phase: "read_migration", readPercent: 100 });
  expect(await readsOf(20)).toEqual({ weaviate: 0, milvus: 20 });
  await enter(tenant, { phase: "read_migration", readPercent: 50 });
  const half = await readsOf(200);
  expect(half.milvus).toBeGreaterThan(50);
  expect(half.weaviate).toBeGreaterThan(50);
  await enter(tenant, { phase: "full" });
  expect(await readsOf(20)).toEqual({ weaviate: 0, milvus: 20 });
  await dual.insertRecord(tenant, { uniqueid: "b", vector: vectorOf(1) });
  await drained(vectors.connections, tenant);
  for (const store of [stores.milvus, stores.weaviate]) expect(await store.get(tenant, ["b"])).toHaveLength(1);
  await dual.close();
});

test("V34: a read never answers with less than a write before it, and falls back when Milvus fails", async () => {
  const { state, stores } = vectors.connections;
  let isDown = true;
  const milvus = watched(stores.milvus, () => (isDown ? new Error("down") : undefined));
  const dual = new DualWrite(state, { weaviate: stores.weaviate, milvus: milvus.store });
  const tenant = newTenant();
  await enter(tenant, { phase: "read_migration", readPercent: 100 });
  for (let at = 0; at < 20; at++) {
    if (at === 10) isDown = false;
    await dual.insertRecord(tenant, { uniqueid: "a", title: String(at), vector: vectorOf(1) });
    expect(await dual.getRecordById(tenant, "a")).toMatchObject({ title: String(at) });
    expect(await dual.queryByKeyword(tenant, String(at), 5)).toHaveLength(1);
  }
  await drained(vectors.connections, tenant);
  isDown = true;
  expect(await dual.getRecordById(tenant, "a")).toMatchObject({ title: "19" });
  isDown = false;
  expect(await expectEqualStores(vectors.connections, tenant)).toBe(1);
  expect((await listComparisons(state, tenant)).reduce((sum, { fellBack }) => sum + fellBack, 0)).toBeGreaterThan(0);
  await dual.close();
});

test("V24: with the debug switch the other store's answer is told, and the caller's does not change", async () => {
  const { state, stores } = vectors.connections;
  let isDown = false;
  const milvus = watched(stores.milvus, () => (isDown ? new Error("it is down") : undefined));
  const lines: string[] = [];
  const onDebug = (line: string): void => void lines.push(line);
  const dual = new DualWrite(state, { weaviate: stores.weaviate, milvus: milvus.store }, { debug: true, onDebug });
  const tenant = newTenant();
  await enter(tenant, {});
  await dual.upsertRecords(
    tenant,
    ["a", "b"].map((uniqueid) => ({ uniqueid, vector: vectorOf(1) })),
  );
  await drained(vectors.connections, tenant);
  expect(await dual.queryByVector(tenant, vectorOf(1))).toHaveLength(2);
  await dual.comparisonsDone();
  expect(lines).toEqual(["Milvus results count: 2"]);
  isDown = true;
  expect(await dual.getRecordsByIds(tenant, ["a"])).toHaveLength(1);
  await dual.comparisonsDone();
  expect(lines.at(-1)).toBe("Error querying Milvus: it is down");
  isDown = false;
  await stores.milvus.remove(tenant, ["b"]);
  expect(await dual.getRecordsByIds(tenant, ["a", "b"])).toHaveLength(2);
  await dual.comparisonsDone();
  expect(lines.at(-1)).toContain("otherwise");
  const counted = await listComparisons(state, tenant);
  expect(counted.find(({ operation }) => operation === "query_by_vector")).toMatchObject({ same: 1, different: 0 });
  const byIds = counted.find(({ operation }) => operation === "get_records_by_ids")!;
  expect(byIds).toMatchObject({ failed: 1, different: 1 });
  expect(byIds.milvusMillis).toBeGreaterThan(0);
  await dual.close();
});

const seeds = process.env["TEST_FULL"] ? 20 : 2;
test.each(Array.from({ length: seeds }, (_, seed) => seed + 1))(
  "random operations by two processes leave both stores equal, seed %i",
  async (seed) => {
    const [one, two] = await Promise.all([vectors.another(), vectors.another()]);
    const tenants = [newTenant(), newTenant()];
    for (const tenant of tenants) await enter(tenant, {});
    await Promise.all([
      runRandomOperations(one.dual, tenants, { seed, steps: 30 }),
      runRandomOperations(two.dual, tenants, { seed: 1000 + seed, steps: 30 }),
    ]);
    await drained(vectors.connections);
    for (const tenant of tenants) await expectEqualStores(vectors.connections, tenant);
    await Promise.all([one.close(), two.close()]);
  },
);
