import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { savePhase } from "../../../src/vectors/state/phases.ts";
import { SqliteRecordErrors } from "../../../src/stores/sqlite/record-errors.ts";
import { readProof } from "../../../src/vectors/state/proofs.ts";
import { retryErrors } from "../../../src/vectors/sync/retry-errors.ts";
import { sync, syncScope } from "../../../src/vectors/sync/sync.ts";
import { verify } from "../../../src/vectors/verify/verify.ts";
import { recordOf } from "../../../src/vectors/records/records.ts";
import { runRandomOperations } from "../../support/random-operations.ts";
import {
  dimension,
  expectEqualStores,
  newTenant,
  still,
  type TestVectors,
  testVectors,
  vectorOf,
} from "../../support/vectors.ts";

let vectors: TestVectors;
beforeAll(async () => {
  vectors = await testVectors();
});
afterAll(() => vectors?.close());

async function tenantWith(count: number, phase: "setup" | "dual_write" | "sync" = "sync"): Promise<string> {
  const tenant = newTenant();
  const { state, stores } = vectors.connections;
  for (let at = 0; at < count; at += 500) {
    const records = Array.from({ length: Math.min(500, count - at) }, (_, one) =>
      recordOf({
        uniqueid: `n${at + one}`,
        recordType: "note",
        title: `note ${at + one}`,
        lastModified: at + one,
        tags: [{ uniqueid: "t" }],
        vector: vectorOf(at, one, 1),
      }),
    );
    expect(await stores.weaviate.put(tenant, records)).toEqual([]);
  }
  if (phase !== "setup") await state.write((db) => savePhase(db, tenant, { phase, readPercent: 0, shadow: false }, []));
  return tenant;
}

test("V37: a sync copies every record of a tenant whole; the next one skips it, --restart does not", async () => {
  const { connections } = vectors;
  const tenant = await tenantWith(1234);
  const report = await sync(connections, { tenants: [tenant], batchSize: 100 }, still);
  expect(report).toMatchObject({ status: "completed", totals: { source: 1234, copied: 1234, failed: 0 } });
  expect(await expectEqualStores(connections, tenant)).toBe(1234);
  const again = await sync(connections, { tenants: [tenant] }, still);
  expect(again).toMatchObject({ status: "completed", totals: { copied: 0, skipped: 1234 } });
  expect(again.tenants).toEqual([expect.objectContaining({ state: "skipped" })]);
  const restarted = await sync(connections, { tenants: [tenant], restart: true }, still);
  expect(restarted.totals).toMatchObject({ copied: 1234, skipped: 0 });
  expect((await connections.home.runs.list(5)).map(({ command }) => command)).toContain("milvus sync");
});

test("V37: a sync that was stopped goes on where it was", async () => {
  const { connections } = vectors;
  const tenant = await tenantWith(1000);
  const stop = new AbortController();
  const progress = { ...still.progress, advanced: () => stop.abort() };
  const first = await sync(connections, { tenants: [tenant], batchSize: 50 }, { signal: stop.signal, progress });
  expect(first.status).toBe("interrupted");
  expect(first.totals.copied).toBeLessThan(1000);
  const second = await sync(connections, { tenants: [tenant], batchSize: 50 }, still);
  expect(second.totals.skipped).toBeGreaterThan(0);
  expect(second.totals.copied + second.totals.skipped).toBe(1000);
  expect(await expectEqualStores(connections, tenant)).toBe(1000);
});

test("V37: a dry run says what would be copied and touches nothing", async () => {
  const { connections } = vectors;
  const tenant = await tenantWith(20, "setup");
  const report = await sync(connections, { tenants: [tenant], dryRun: true }, still);
  expect(report).toMatchObject({ status: "dry_run", runId: null, totals: { source: 20, copied: 0 } });
  expect(await connections.stores.milvus.count(tenant)).toBe(0);
});

test("V37: throttled to so many records a second", async () => {
  const { connections } = vectors;
  const tenant = await tenantWith(60);
  const started = performance.now();
  await sync(connections, { tenants: [tenant], maxRps: 50, batchSize: 10 }, still);
  expect(performance.now() - started).toBeGreaterThan(900); // a lower bound: the last batch is not paid for
});

test("V4, V37: what Milvus does not take is a record error; the others are copied, and a policy fits the vectors", async () => {
  const { connections } = vectors;
  const tenant = await tenantWith(10);
  const { weaviate } = connections.stores;
  await weaviate.put(tenant, [recordOf({ uniqueid: "none", title: "without a vector" })]);
  const report = await sync(connections, { tenants: [tenant] }, still);
  expect(report).toMatchObject({ status: "completed_with_errors", totals: { copied: 10, failed: 1 } });
  const errors = await new SqliteRecordErrors(connections.state).list({ scopes: [syncScope(tenant)] }, 10);
  expect(errors).toEqual([expect.objectContaining({ id: "none", type: "dimension_mismatch" })]);
  const compared = await verify(connections, { tenants: [tenant] }, still);
  expect(compared).toMatchObject({
    result: "mismatch",
    tenants: [{ source: 11, target: 10, missing: 1, matched: 10 }],
  });

  const padded = { ...vectors.options, milvus: { ...vectors.options.milvus, onDimensionMismatch: "pad" as const } };
  const { connectVectors } = await import("../../../src/vectors/connections.ts");
  const fitting = connectVectors(connections.state, padded);
  await sync(fitting, { tenants: [tenant], restart: true }, still);
  const [found] = await fitting.stores.milvus.get(tenant, ["none"]);
  expect(found).toMatchObject({
    vector: Array.from({ length: dimension }, () => 0),
    properties: { title: "without a vector" },
  });
  expect(await verify(fitting, { tenants: [tenant] }, still)).toMatchObject({ result: "match" });
  expect(await new SqliteRecordErrors(connections.state).list({ scopes: [syncScope(tenant)] }, 10)).toEqual([]);
  await fitting.close();
});

test("milvus errors retry copies what was refused: again with the reason, then, once the cause is mended, whole", async () => {
  const { connections } = vectors;
  const tenant = await tenantWith(3);
  await connections.stores.weaviate.put(tenant, [recordOf({ uniqueid: "none", title: "without a vector" })]);
  await sync(connections, { tenants: [tenant] }, still);
  const recorded = () => new SqliteRecordErrors(connections.state).countByType({ scopes: [syncScope(tenant)] });
  expect(await recorded()).toEqual({ dimension_mismatch: 1 });

  const refused = await retryErrors(connections, tenant, still.signal);
  expect(refused).toMatchObject({ copied: 0, refused: 1, left: 1, stuck: [{ id: "none", state: "refused" }] });
  expect(await recorded()).toEqual({}); // it is a write that Milvus has not got now

  const { connectVectors } = await import("../../../src/vectors/connections.ts");
  const milvus = { ...vectors.options.milvus, onDimensionMismatch: "pad" as const };
  const fitting = connectVectors(connections.state, { ...vectors.options, milvus });
  expect(await retryErrors(fitting, tenant, still.signal)).toMatchObject({ copied: 1, refused: 0, left: 0 });
  expect(await verify(fitting, { tenants: [tenant] }, still)).toMatchObject({ result: "match" });
  await fitting.close();
});

test("V33: a tenant whose writes go to Weaviate alone is not copied, because they would be missed", async () => {
  const tenant = await tenantWith(1, "setup");
  await expect(sync(vectors.connections, { tenants: [tenant] }, still)).rejects.toMatchObject({ code: "wrong_phase" });
  expect(await vectors.connections.stores.milvus.count(tenant)).toBe(0);
});

test("V33: what the application writes and deletes during a sync is in Milvus at its end", async () => {
  const { connections } = vectors;
  const tenant = await tenantWith(800);
  const { dual, close } = await vectors.another();
  const ended = new AbortController();
  const writing = (async () => {
    for (let at = 0; !ended.signal.aborted; at++) {
      await dual.insertRecord(tenant, {
        uniqueid: `n${(at * 37) % 800}`,
        title: `changed ${at}`,
        vector: vectorOf(at),
      });
      if (at % 5 === 0) await dual.deleteRecord(tenant, `n${(at * 53) % 800}`);
      if (at % 20 === 0)
        await runRandomOperations(
          dual,
          [tenant].filter(() => at > 0),
          { seed: at, steps: 3 },
        ).catch(() => {});
    }
  })();
  await sync(connections, { tenants: [tenant], batchSize: 20, concurrency: 4 }, still);
  ended.abort();
  await writing;
  await dual.caughtUp(30_000);
  await expectEqualStores(connections, tenant);
  expect(await verify(connections, { tenants: [tenant] }, still)).toMatchObject({ result: "match" });
  await close();
});

test("V38: verify tells missing, extra and differing records apart, by field, and mends what it is told to", async () => {
  const { connections } = vectors;
  const { milvus } = connections.stores;
  const tenant = await tenantWith(700);
  await sync(connections, { tenants: [tenant] }, still);
  await milvus.remove(tenant, ["n1", "n2"]);
  const [three] = await milvus.get(tenant, ["n3"]);
  await milvus.put(tenant, [
    recordOf({ ...three!.properties, uniqueid: "n3", title: "other", vector: three!.vector }),
    recordOf({ ...(await milvus.get(tenant, ["n4"]))[0]!.properties, uniqueid: "n4", vector: vectorOf(-0, 1, 2) }),
    recordOf({ uniqueid: "extra", vector: vectorOf(1) }),
  ]);
  const report = await verify(connections, { tenants: [tenant] }, still);
  expect(report.tenants[0]).toMatchObject({
    status: "mismatch",
    source: 700,
    target: 699,
    checked: 700,
    missing: 2,
    extra: 1,
    different: 2,
    matched: 696,
  });
  expect(report.tenants[0]!.differences.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { id: "extra", kind: "extra", fields: [] },
    { id: "n1", kind: "missing", fields: [] },
    { id: "n2", kind: "missing", fields: [] },
    { id: "n3", kind: "different", fields: ["title"] },
    { id: "n4", kind: "different", fields: ["vector"] },
  ]);
  expect(await readProof(connections.state, tenant)).toMatchObject({ status: "mismatch" });
  const repaired = await verify(connections, { tenants: [tenant], repair: true }, still);
  expect(repaired.tenants[0]).toMatchObject({ status: "mismatch", repaired: 4, missing: 0, different: 0, extra: 1 });
  const cleaned = await verify(connections, { tenants: [tenant], deleteExtra: true }, still);
  expect(cleaned.tenants[0]).toMatchObject({ status: "match", repaired: 1 });
  expect(await readProof(connections.state, tenant)).toMatchObject({ status: "match" });
  await expectEqualStores(connections, tenant);
});

test("V38: a number, an empty list, a null and a text that differ are each told", async () => {
  const { connections } = vectors;
  const tenant = await tenantWith(0);
  const { weaviate, milvus } = connections.stores;
  const one = {
    uniqueid: "x",
    recordType: "note",
    created: 1,
    incomingConnections: [],
    filePath: "",
    tags: [1],
    vector: vectorOf(1),
  };
  await weaviate.put(tenant, [recordOf(one)]);
  for (const [field, value] of Object.entries({
    created: 2,
    incomingConnections: null,
    filePath: null,
    tags: ["1"],
    content: "",
  })) {
    await milvus.put(tenant, [recordOf({ ...one, [field]: value })]);
    const { tenants } = await verify(connections, { tenants: [tenant] }, still);
    expect([field, tenants[0]!.differences]).toEqual([field, [{ id: "x", kind: "different", fields: [field] }]]);
  }
});

test("runs of a sync obey controls: a paused one waits, a resumed one goes on", async () => {
  const { connections } = vectors;
  const tenant = await tenantWith(300);
  const { runs } = connections.home;
  let advanced = 0;
  const paused = Promise.withResolvers<string>();
  const pause = async (): Promise<void> => {
    const [run] = await runs.list(1);
    await runs.request(run!.id, { state: "paused" });
    paused.resolve(run!.id);
  };
  const progress = { ...still.progress, advanced: () => void (advanced++ === 0 && pause().catch(paused.reject)) };
  const syncing = sync(
    connections,
    { tenants: [tenant], batchSize: 10, maxRps: 100 },
    { signal: still.signal, progress },
  );
  const runId = await paused.promise;
  await sleep(1500);
  const before = advanced;
  await sleep(500);
  expect(advanced).toBe(before);
  await runs.request(runId, { state: "running" });
  expect(await syncing).toMatchObject({ status: "completed", totals: { copied: 300 } });
});
