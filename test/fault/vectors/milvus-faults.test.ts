import { afterAll, beforeAll, expect, test } from "vitest";
import { startMilvus } from "../../../dev/servers/start-milvus.ts";
import { connectVectors, ensureTarget } from "../../../src/vectors/connections.ts";
import { applyDirty } from "../../../src/vectors/dual-write/apply-dirty.ts";
import { DualWrite } from "../../../src/vectors/dual-write/dual-write.ts";
import { savePhase } from "../../../src/vectors/state/phases.ts";
import { backlog } from "../../../src/vectors/state/write-log.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../../support/fault-proxy.ts";
import { needs } from "../../support/needs.ts";
import { runRandomOperations } from "../../support/random-operations.ts";
import { expectEqualStores, newTenant, type TestVectors, testVectors, vectorOf } from "../../support/vectors.ts";

let proxy: FaultProxy;
let vectors: TestVectors;
beforeAll(async () => {
  proxy = await startFaultProxy(await needs("milvus"));
  vectors = await testVectors({ milvusUrl: proxy.url, milvusTimeout: 4000, weaviateTimeout: 10_000 });
});
afterAll(async () => {
  await vectors?.close();
  await proxy?.close();
});

async function dualTenant(): Promise<string> {
  const tenant = newTenant();
  await vectors.connections.state.write((db) =>
    savePhase(db, tenant, { phase: "dual_write", readPercent: 0, shadow: false }, []),
  );
  return tenant;
}

test.each<[string, Fault]>([
  ["cut at any byte", { kind: "cut", afterBytes: 3000 }],
  ["away", { kind: "reset" }],
  ["a black hole", { kind: "black_hole" }],
  ["slow", { kind: "delay", millis: 400 }],
])("V22: while Milvus is %s, no write fails, and apply-dirty makes both equal", async (_, fault) => {
  const { connections } = vectors;
  const tenant = await dualTenant();
  const { dual, close } = await vectors.another();
  await dual.insertRecord(tenant, { uniqueid: "before", vector: vectorOf(1) });
  expect(await dual.caughtUp(60_000)).toBe(true);
  proxy.set(fault);
  await runRandomOperations(dual, [tenant], { seed: 7, steps: 25 });
  await dual.insertRecord(tenant, { uniqueid: "during", title: "kept", vector: vectorOf(2) });
  expect(await dual.getRecordById(tenant, "during")).toMatchObject({ title: "kept" });
  await dual.insertRecord(tenant, { uniqueid: "later", vector: vectorOf(3) });
  if (fault.kind !== "delay") {
    expect((await backlog(connections.state, tenant)).dirty).toBeGreaterThan(0);
  }
  proxy.set({ kind: "pass" });
  await close();
  const report = await applyDirty(connections, [tenant], AbortSignal.timeout(100_000));
  expect(report.left).toBe(0);
  expect(await expectEqualStores(connections, tenant)).toBeGreaterThan(0);
});

test("V22: no write and no read waits for Milvus, however long it takes", async () => {
  const { connections } = vectors;
  const hour = 3_600_000;
  const options = { ...vectors.options, milvus: { ...vectors.options.milvus, timeoutMillis: hour } };
  const patient = connectVectors(connections.state, options);
  const tenant = await dualTenant();
  const dual = new DualWrite(connections.state, patient.stores, { leaseMillis: 1000 });
  proxy.set({ kind: "black_hole" });
  try {
    // Whoever waited for Milvus would wait longer than this test may take.
    await runRandomOperations(dual, [tenant], { seed: 3, steps: 10 });
    await dual.insertRecord(tenant, { uniqueid: "x", vector: vectorOf(1) });
    expect(await dual.getRecordById(tenant, "x")).toBeDefined();
    expect((await backlog(connections.state, tenant)).dirty).toBeGreaterThan(0);
  } finally {
    proxy.set({ kind: "reset" });
    await dual.close();
    await patient.close();
    proxy.set({ kind: "pass" });
  }
  expect((await applyDirty(connections, [tenant], AbortSignal.timeout(100_000))).left).toBe(0);
  expect(await expectEqualStores(connections, tenant)).toBeGreaterThan(0);
});

test("V22: while Milvus has no space left, no write fails, and apply-dirty makes both equal when it has", async () => {
  const full = await startMilvus({ fileSizeLimitKb: 64 });
  const { connections } = vectors;
  const options = {
    ...vectors.options,
    milvus: { ...vectors.options.milvus, endpoint: full.url, timeoutMillis: 5000 },
  };
  const limited = connectVectors(connections.state, options);
  const tenant = await dualTenant();
  const dual = new DualWrite(connections.state, limited.stores, { leaseMillis: 10_000 });
  try {
    await ensureTarget(limited);
    for (let at = 0; at < 300; at += 20)
      await dual.upsertRecords(
        tenant,
        Array.from({ length: 20 }, (_, one) => ({
          uniqueid: `f${at + one}`,
          content: "x".repeat(2000),
          vector: vectorOf(1),
        })),
      );
    await dual.caughtUp(3000);
    expect(await connections.stores.weaviate.count(tenant)).toBe(300);
    expect((await backlog(connections.state, tenant)).dirty).toBeGreaterThan(0);
  } finally {
    await dual.close();
    await limited.close();
    await full.stop();
  }
  // Another Milvus takes its place, as after its disk was made larger.
  const report = await applyDirty(connections, [tenant], AbortSignal.timeout(100_000));
  expect(report.left).toBe(0);
  expect((await connections.stores.milvus.get(tenant, ["f299"]))[0]).toBeDefined();
});
