import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startMinio } from "../dev/servers/start-minio.ts";
import { startRedis } from "../dev/servers/start-redis.ts";
import { sideBySide } from "../src/engine/side-by-side.ts";
import { backup } from "../src/layra/backup/backup.ts";
import { folderPlace } from "../src/layra/backup/place.ts";
import { connectStores, type StoreName } from "../src/layra/stores.ts";
import { noProgress } from "../src/runs/progress.ts";
import { sqliteHome } from "../src/stores/sqlite/run-home.ts";
import { openStateFile } from "../src/stores/sqlite/state-file.ts";

// npm run bench:stores -- [--keys 200000] [--objects 2000] [--kilobytes 64]
// Prints how fast Redis and MinIO are backed up, beside reading alone: Redis by pipelines of DUMP, MinIO by copying
// objects to files, 16 at once.

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "200000" },
    objects: { type: "string", default: "2000" },
    kilobytes: { type: "string", default: "64" },
  },
});
const [keys, objects, kilobytes] = [values.keys, values.objects, values.kilobytes].map(Number) as [
  number,
  number,
  number,
];
const pipeline = 1000;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function say(what: string, rate: number, limit?: number): void {
  const share = limit === undefined ? "" : ` (${(rate / limit).toFixed(2)} of it)`;
  process.stdout.write(`${what.padEnd(40)} ${rate.toFixed(0).padStart(9)} a second${share}\n`);
}

const folder = await mkdtemp(join(tmpdir(), "bench-stores-"));
const [redis, minio] = await Promise.all([startRedis(), startMinio()]);
const url = new URL(minio.url);
using state = await openStateFile(join(folder, "state.db"));
const stores = connectStores({
  mongodb: { uri: "mongodb://127.0.0.1:9", database: "none", maxPoolSize: 1, minPoolSize: 0 },
  milvus: { endpoint: "http://127.0.0.1:9", dimension: 8 },
  redis: { uri: redis.url },
  minio: {
    endpoint: url.origin,
    bucket: "bench",
    region: "us-east-1",
    accessKey: url.username,
    secretKey: url.password,
  },
  mysql: undefined,
  timeoutMillis: 60_000,
});
const watch = { signal: new AbortController().signal, progress: noProgress };

function backUp(store: StoreName): Promise<unknown> {
  return backup(stores, folderPlace(join(folder, store)), sqliteHome(state), { only: [store] }, watch);
}

/** `withTimes`: as a backup needs it, PTTL beside DUMP. */
async function dumpAll(withTimes: boolean): Promise<void> {
  const client = await stores.redisBytes(3);
  for (let position = "0", first = true; first || position !== "0"; first = false) {
    const [next, found] = (await client.send("SCAN", position, "COUNT", String(pipeline))) as [Buffer, Buffer[]];
    position = next.toString();
    const times = withTimes ? found.map((key) => client.send("PTTL", key)) : [];
    await Promise.all([...times, ...found.map((key) => client.send("DUMP", key))]);
  }
}

async function copyAll(): Promise<void> {
  const bucket = stores.objects();
  const names: string[] = [];
  for (let next: string | undefined; ;) {
    const page = await bucket.list("", next === undefined ? undefined : { next });
    names.push(...page.objects.map(({ key }) => key));
    next = page.next;
    if (next === undefined) break;
  }
  await mkdir(join(folder, "copy"));
  await sideBySide(names, 16, async (name) => writeFile(join(folder, "copy", name), (await bucket.get(name))!.content));
}

try {
  const client = await stores.redisBytes(3);
  for (let at = 0; at < keys; at += pipeline)
    await Promise.all(
      Array.from({ length: pipeline }, (_, one) =>
        client.send("SET", `key:${at + one}`, `value ${at + one} `.repeat(8)),
      ),
    );
  await dumpAll(true); // warm
  const dumping = keys / (await seconds(() => dumpAll(false)));
  say("Redis, pipelines of DUMP: keys", dumping);
  say("Redis, pipelines of DUMP and PTTL: keys", keys / (await seconds(() => dumpAll(true))), dumping);
  say("Redis, backup: keys", keys / (await seconds(() => backUp("redis"))), dumping);

  await stores.objects().ensureBucket();
  const content = Buffer.alloc(kilobytes * 1024);
  for (let at = 0; at < content.length; at++) content[at] = Math.floor(Math.random() * 256);
  const names = Array.from({ length: objects }, (_, at) => `object-${at}`);
  await sideBySide(names, 16, (name) => stores.objects().put(name, content));
  const copying = objects / (await seconds(copyAll));
  say("MinIO, 16 copies at once: objects", copying);
  say("MinIO, backup: objects", objects / (await seconds(() => backUp("minio"))), copying);
} finally {
  await stores.close();
  await Promise.all([redis.stop(), minio.stop()]);
  await rm(folder, { recursive: true, force: true });
}
