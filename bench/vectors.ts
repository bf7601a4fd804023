import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startMilvus } from "../dev/servers/start-milvus.ts";
import { startWeaviate } from "../dev/servers/start-weaviate.ts";
import { noProgress } from "../src/runs/progress.ts";
import { ensureCollection as ensureWeaviate } from "../src/stores/weaviate/collection.ts";
import { openStateFile } from "../src/stores/sqlite/state-file.ts";
import { connectVectors, ensureTarget, leaseMillisOf, type VectorConnections } from "../src/vectors/connections.ts";
import { DualWrite } from "../src/vectors/dual-write/dual-write.ts";
import { rowOf } from "../src/vectors/operations/milvus-rows.ts";
import { StoreOperations } from "../src/vectors/operations/operations.ts";
import { weaviateSpec } from "../src/vectors/operations/weaviate-objects.ts";
import { type GeneralWeaviateRecord, recordOf } from "../src/vectors/records/records.ts";
import { StoredDeletions } from "../src/vectors/state/deletions.ts";
import { savePhase } from "../src/vectors/state/phases.ts";
import { sync } from "../src/vectors/sync/sync.ts";
import { verify } from "../src/vectors/verify/verify.ts";

// npm run bench:vectors -- [--notes 2000] [--tenants 2] [--saves 200]
// Prints the rates of copy and verification beside their limit, and what dual writing adds to a save. All in one run,
// on servers of its own.

const { values } = parseArgs({
  options: {
    notes: { type: "string", default: "2000" },
    tenants: { type: "string", default: "2" },
    saves: { type: "string", default: "200" },
  },
});
const [notes, tenantCount, saves] = [values.notes, values.tenants, values.saves].map(Number) as [
  number,
  number,
  number,
];
const dimension = 768;
const tenants = Array.from({ length: tenantCount }, (_, at) => `tenant-${at}`);
const watch = { signal: new AbortController().signal, progress: noProgress };

function note(at: number): GeneralWeaviateRecord {
  return recordOf({
    uniqueid: randomUUID(),
    recordType: "note",
    title: `note ${at}`,
    content: "A note says something. ".repeat(40),
    created: at,
    lastModified: at,
    tagIds: ["a", "b"],
    vector: Array.from({ length: dimension }, () => Math.random() - 0.5),
  });
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function say(what: string, rate: number): void {
  process.stdout.write(`${what.padEnd(46)} ${rate.toFixed(0).padStart(8)} notes/s\n`);
}

/** All objects with their vectors, in pages, one after the other. */
async function readAll({ stores }: VectorConnections): Promise<void> {
  for (const tenant of tenants) {
    for (let after: string | undefined; ;) {
      const page = await stores.weaviate.objects.page(tenant, after, 500);
      if (page.length < 500) break;
      after = page.at(-1)!.id;
    }
  }
}

/** Inserts into a collection of its own, in batches of 500, two in flight, with nothing looked up. */
async function insertAll(
  { milvus }: VectorConnections,
  collection: string,
  records: readonly GeneralWeaviateRecord[],
): Promise<void> {
  const rows = records.map((record) =>
    rowOf(record, tenants[0]!, { primaryKey: record.uniqueid, dimension, hasNulls: true }),
  );
  const batches = Array.from({ length: Math.ceil(rows.length / 500) }, (_, at) => rows.slice(at * 500, at * 500 + 500));
  const worker = async (): Promise<void> => {
    for (let data = batches.shift(); data !== undefined; data = batches.shift()) {
      const some = data;
      await milvus.call("insert", (client) => client.insert({ collection_name: collection, data: some as never }));
    }
  };
  await Promise.all([worker(), worker()]);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

async function saveTimes(save: (record: GeneralWeaviateRecord) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < saves; at++) {
    const record = note(at);
    times.push(1000 * (await seconds(() => save(record))));
  }
  return times.toSorted((a, b) => a - b);
}

const [weaviate, milvus] = await Promise.all([startWeaviate(), startMilvus()]);
const folder = await mkdtemp(join(tmpdir(), "bench-vectors-"));
const state = await openStateFile(join(folder, "state.db"));
const options = {
  weaviate: { url: weaviate.url, timeoutMillis: 120_000, collection: "Bench" },
  milvus: {
    endpoint: milvus.url,
    timeoutMillis: 120_000,
    collection: "bench",
    dimension,
    onDimensionMismatch: "error" as const,
  },
};
const connections = connectVectors(state, options);
try {
  await ensureWeaviate(connections.weaviate, weaviateSpec("Bench"));
  await ensureTarget(connections);
  const each = Math.ceil(notes / tenantCount);
  for (const tenant of tenants) {
    for (let at = 0; at < each; at += 500)
      await connections.stores.weaviate.put(
        tenant,
        Array.from({ length: Math.min(500, each - at) }, (_, one) => note(at + one)),
      );
    await state.write((db) => savePhase(db, tenant, { phase: "sync", readPercent: 0, shadow: false }, []));
  }
  const total = each * tenantCount;
  const reading = total / (await seconds(() => readAll(connections)));
  say("read all objects from Weaviate", reading);
  const inserted = Array.from({ length: Math.min(total, 5000) }, (_, at) => note(at));
  await ensureTarget({
    ...connections,
    options: { ...options, milvus: { ...options.milvus, collection: "bench_limit" } },
  });
  const inserting = inserted.length / (await seconds(() => insertAll(connections, "bench_limit", inserted)));
  say("insert into Milvus", inserting);
  const limit = Math.min(reading, inserting);
  const before = process.memoryUsage().rss;
  const copying = total / (await seconds(() => sync(connections, { tenants }, watch)));
  say(`sync (${(copying / limit).toFixed(2)} of the limit)`, copying);
  const verifying = total / (await seconds(() => verify(connections, { tenants }, watch)));
  say(`verify (${(verifying / copying).toFixed(2)} of the copy)`, verifying);
  process.stdout.write(
    `memory: ${((process.memoryUsage().rss - before) / 1024 ** 2).toFixed(0)} MB more at the end than at the start of the copy\n`,
  );

  const alone = new StoreOperations(connections.stores.weaviate, new StoredDeletions(state));
  const dual = new DualWrite(state, connections.stores, { leaseMillis: leaseMillisOf(options) });
  const tenant = tenants[0]!;
  await saveTimes((record) => alone.insertRecord(tenant, record)); // warm
  const plain = await saveTimes((record) => alone.insertRecord(tenant, record));
  const both = await saveTimes((record) => dual.insertRecord(tenant, record));
  await milvus.stop();
  const away = await saveTimes((record) => dual.insertRecord(tenant, record));
  for (const [what, times] of Object.entries({
    "Weaviate alone": plain,
    "dual write": both,
    "dual write, Milvus away": away,
  }))
    process.stdout.write(
      `save, ${what}: p50 ${percentile(times, 0.5).toFixed(1)} ms, p95 ${percentile(times, 0.95).toFixed(1)} ms\n`,
    );
  await dual.close();
} finally {
  await connections.close();
  state.close();
  await Promise.all([weaviate.stop(), milvus.stop()]);
  await rm(folder, { recursive: true, force: true });
}
