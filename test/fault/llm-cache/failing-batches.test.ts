import { MongoClient } from "mongodb";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis } from "../../../dev/servers/start-redis.ts";
import { migrate, type MigrateOptions, type MigrateWatch } from "../../../src/llm-cache/migrate.ts";
import type { MigrateReport } from "../../../src/llm-cache/migrate-report.ts";
import { retry } from "../../../src/llm-cache/retry.ts";
import type { PostgresSettings, StoreSettings } from "../../../src/llm-cache/store-settings.ts";
import { openStore } from "../../../src/llm-cache/stores/open-store.ts";
import { startFaultProxy } from "../../support/fault-proxy.ts";
import { md5, record } from "../../support/llm-cache/hostile.ts";
import { temporaryState } from "../../support/llm-cache/state.ts";
import { type Caches, type LightragStore, lightragStores } from "../../support/llm-cache/stores.ts";

let json: LightragStore;
let postgres: LightragStore;
let mongo: LightragStore;
let state: Awaited<ReturnType<typeof temporaryState>>;
beforeAll(async () => {
  [json, postgres, mongo] = await Promise.all([
    lightragStores.JsonKVStorage(),
    lightragStores.PGKVStorage(),
    lightragStores.MongoKVStorage(),
  ]);
  state = await temporaryState();
});
afterAll(async () => {
  await Promise.all([json, postgres, mongo].map((store) => store.close()));
  await state.remove();
});

function caches(count: number): Caches {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`default:extract:${md5(String(at))}`, record(`answer ${at}`)]),
  );
}

type Run = (
  settings: { source: StoreSettings; target: StoreSettings },
  options?: MigrateOptions,
  watch?: Partial<MigrateWatch>,
) => Promise<MigrateReport>;
const signal = new AbortController().signal;
const run =
  (what: typeof migrate): Run =>
  async ({ source, target }, options = {}, watch = {}) => {
    const route = { source: await openStore(source), target: await openStore(target) };
    try {
      return await what(route, state, { batchSize: 10, concurrency: 1, ...options }, { signal, ...watch });
    } finally {
      await route.source.close();
      await route.target.close();
    }
  };
const migrated = run(migrate);
const retried = run(retry);

test("a server that is cut off costs the batch under way; the others are there, the numbers are exact, and retry mends (K30, K36, K41)", async () => {
  const wanted = caches(45);
  await json.fill("cut", wanted);
  const direct = postgres.settings("cut") as PostgresSettings;
  const proxy = await startFaultProxy(direct.url);
  const stores = { source: json.settings("cut"), target: { ...direct, url: proxy.url } };
  const report = await migrated(
    stores,
    { waits: [10] },
    {
      onBatch: ({ number, failure }) => {
        if (number === 2) proxy.set({ kind: "reset" });
        if (failure !== undefined) proxy.set({ kind: "pass" });
      },
    },
  );
  expect(report).toMatchObject({
    status: "completed_with_errors",
    totals: { source: 45, batches: 5, successfulBatches: 4, failedBatches: 1, migrated: 35, failed: 10 },
    errors: {
      total: 1,
      byType: { ConnectionError: 1 },
      first: [{ batch: 3, type: "ConnectionError", recordsLost: 10 }],
    },
    successRate: 77.78,
  });
  expect(Object.keys(await postgres.dump("cut"))).toHaveLength(35);
  const mended = await retried(stores);
  expect(mended).toMatchObject({ status: "completed", totals: { source: 10, migrated: 10, failed: 0 } });
  expect(await postgres.dump("cut")).toEqual(wanted);
  expect(await retried(stores)).toMatchObject({ totals: { source: 0 } });
  await proxy.close();
});

test("a short outage costs nothing: the batch waits (K30)", async () => {
  const wanted = caches(30);
  await json.fill("short", wanted);
  const direct = postgres.settings("short") as PostgresSettings;
  const proxy = await startFaultProxy(direct.url);
  const report = await migrated(
    { source: json.settings("short"), target: { ...direct, url: proxy.url } },
    { waits: [100, 400, 800, 1600] },
    {
      onBatch: ({ number }) => {
        if (number !== 1) return;
        proxy.set({ kind: "reset" });
        setTimeout(() => proxy.set({ kind: "pass" }), 300);
      },
    },
  );
  expect(report).toMatchObject({ status: "completed", totals: { migrated: 30, failed: 0 } });
  expect(await postgres.dump("short")).toEqual(wanted);
  await proxy.close();
});

test("a target that takes nothing any more ends the run, which goes on with resume once it does (K36)", async () => {
  const wanted = caches(150);
  await json.fill("gone", wanted);
  const stores = { source: json.settings("gone"), target: postgres.settings("gone") as PostgresSettings };
  const admin = new pg.Pool({ connectionString: stores.target.url });
  await admin.query(
    "create function refuse() returns trigger language plpgsql as $$ begin raise insufficient_privilege; end $$",
  );
  await admin.query(
    "create trigger refuse before insert on lightrag_llm_cache for each row when (new.workspace = 'gone') execute function refuse()",
  );
  await expect(migrated(stores)).rejects.toMatchObject({ code: "target_fails" });
  await admin.query("drop trigger refuse on lightrag_llm_cache");
  await admin.end();
  const rest = await migrated(stores, { resume: true });
  expect(rest).toMatchObject({ status: "completed_with_errors", totals: { source: 150, migrated: 50, failed: 100 } });
  expect(await retried(stores)).toMatchObject({ totals: { migrated: 100, failed: 0 } });
  expect(await postgres.dump("gone")).toEqual(wanted);
});

test("a record that the target refuses costs none of its batch, in PostgreSQL and in MongoDB (K30, K38)", async () => {
  const wanted = caches(60);
  const twin = { ...wanted, "default:extract:twin": record("a twin", { original_prompt: "the same", chunk_id: "c" }) };
  const taken = { "default:extract:taken": record("there before", { original_prompt: "the same" }) };
  await json.fill("twin", twin);
  await postgres.fill("twin", taken);
  await mongo.fill("twin", taken);
  const { url } = postgres.settings("") as PostgresSettings;
  const admin = new pg.Pool({ connectionString: url });
  await admin.query("create unique index one_prompt on lightrag_llm_cache (original_prompt) where workspace = 'twin'");
  await admin.end();
  const { uri, database } = mongo.settings("") as { uri: string; database: string };
  const client = new MongoClient(uri);
  await client.db(database).collection("twin_llm_response_cache").createIndex({ original_prompt: 1 }, { unique: true });
  for (const target of [postgres, mongo]) {
    const stores = { source: json.settings("twin"), target: target.settings("twin") };
    const report = await migrated(stores, { batchSize: 100 });
    expect(report).toMatchObject({
      status: "completed_with_errors",
      totals: { batches: 1, failedBatches: 1, migrated: 60, failed: 1 },
      errors: { byType: { DuplicateKeyError: 1 }, first: [{ recordsLost: 1 }] },
    });
    expect(report.errors.first[0]!.message).toContain("default:extract:twin: ");
    expect(await target.dump("twin")).toEqual({ ...wanted, ...taken });
  }
  await client.db(database).collection("twin_llm_response_cache").dropIndexes();
  const again = await retried({ source: json.settings("twin"), target: mongo.settings("twin") });
  expect(again.totals).toMatchObject({ migrated: 1, failed: 0 });
  expect(await mongo.dump("twin")).toEqual({ ...twin, ...taken });
  await client.close();
});

test("a value that is too large for Redis, which ends the connection over it, costs none of its batch", async () => {
  const server = await startRedis({ flags: ["--proto-max-bulk-len", "1mb"] });
  const wanted = caches(30);
  await json.fill("large", { ...wanted, "default:extract:large": record("x".repeat(3_000_000)) });
  const report = await migrated(
    { source: json.settings("large"), target: { type: "RedisKVStorage", uri: server.url, workspace: "" } },
    { batchSize: 100, waits: [50, 100] },
  );
  expect(report.totals).toMatchObject({ migrated: 30, failed: 1 });
  const client = await createClient({ url: server.url }).connect();
  expect(await client.dbSize()).toBe(30);
  client.destroy();
  await server.stop();
});

test("a document that is too large for MongoDB is refused by name", async () => {
  const wanted = caches(5);
  await json.fill("huge", { ...wanted, "default:extract:huge": record("x".repeat(17_000_000)) });
  const report = await migrated({ source: json.settings("huge"), target: mongo.settings("huge") });
  expect(report.totals).toMatchObject({ migrated: 5, failed: 1 });
  expect(await mongo.dump("huge")).toEqual(wanted);
});

test("what the source holds and cannot be read is named; all else arrives (K38)", async () => {
  const server = await startRedis();
  const client = await createClient({ url: server.url }).connect();
  const prefix = "llm_response_cache:default:extract:";
  await client.set(`${prefix}good`, JSON.stringify(record("good")));
  await client.set(`${prefix}broken`, '{"return": ');
  await client.set(`${prefix}bytes`, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]));
  await client.hSet(`${prefix}hash`, "field", "value");
  client.destroy();
  const report = await migrated({
    source: { type: "RedisKVStorage", uri: server.url, workspace: "" },
    target: mongo.settings("unread"),
  });
  expect(report.totals).toMatchObject({ source: 4, migrated: 1, failed: 3 });
  expect(report.errors.byType).toEqual({ InvalidJsonError: 1, InvalidTextError: 1, WrongTypeError: 1 });
  expect(Object.keys(await mongo.dump("unread"))).toEqual(["default:extract:good"]);
  await server.stop();
});
