/**
 * npm run bench:llm-cache-memory [-- --small 200000 --large 1000000 --bytes 1000 --json-gigabytes 3]: the peak of
 * resident memory while caches are read from Redis, PostgreSQL and MongoDB, of two amounts, and while a large JSON
 * file is copied into another. Exits with 1 when a peak is above the limit or grows with the amount.
 */
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stopSignal } from "../dev/demo/stop-signal.ts";
import { startMongodb } from "../dev/servers/start-mongodb.ts";
import { startPostgres } from "../dev/servers/start-postgres.ts";
import { startRedis } from "../dev/servers/start-redis.ts";
import { formatBytes, formatCount } from "../src/cli/output/format.ts";
import type { MigrateReport } from "../src/llm-cache/migrate-report.ts";
import { connectRedis } from "../src/stores/redis/client.ts";
import { benchCaches, fillMongodb, fillRedis, writeJsonFile } from "./llm-cache/caches.ts";
import { measuredProcess } from "./measured-process.ts";

const { values } = parseArgs({
  options: {
    small: { type: "string", default: "200000" },
    large: { type: "string", default: "1000000" },
    bytes: { type: "string", default: "1000" },
    "json-gigabytes": { type: "string", default: "3" },
  },
});
const limits = { store: 250_000_000, json: 300_000_000, growth: 1.2 };
const bytes = Number(values.bytes);
const signal = stopSignal();
const folder = await mkdtemp(join(tmpdir(), "bench-llm-memory-"));
let failed = false;

try {
  await measureStores();
  if (Number(values["json-gigabytes"]) > 0) await measureJson(Number(values["json-gigabytes"]));
} finally {
  await rm(folder, { recursive: true });
}
process.exitCode = failed ? 1 : 0;

/** PostgreSQL has what Redis handed on. */
async function measureStores(): Promise<void> {
  const [redis, postgres, mongodb] = await Promise.all([startRedis(), startPostgres(), startMongodb({ gigabytes: 8 })]);
  const client = await connectRedis({ uri: redis.url });
  const url = new URL(postgres.url);
  const env = {
    REDIS_URI: redis.url,
    POSTGRES_HOST: url.hostname,
    POSTGRES_PORT: url.port,
    POSTGRES_USER: url.username,
    POSTGRES_PASSWORD: url.password,
    POSTGRES_DATABASE: url.pathname.slice(1),
    MONGO_URI: mongodb.url,
    MONGO_DATABASE: "bench",
  };
  try {
    const routes = [
      ["redis", "postgres"],
      ["postgres", "redis"],
      ["mongodb", "redis"],
    ] as const;
    const peaks = new Map<string, number[]>();
    for (const [size, records] of [values.small, values.large].map(Number).entries()) {
      await fillRedis(client, "from_llm_response_cache", benchCaches(records, bytes));
      await fillMongodb(mongodb.url, `of${size}_llm_response_cache`, benchCaches(records, bytes));
      for (const [source, target] of routes) {
        const workspaces = {
          SOURCE_WORKSPACE: source === "redis" ? "from" : `of${size}`,
          TARGET_WORKSPACE: target === "redis" ? "to" : `of${size}`,
        };
        const peak = await measure(source, target, records, { ...env, ...workspaces });
        peaks.set(source, [...(peaks.get(source) ?? []), peak]);
      }
      await client.flushAll();
    }
    for (const [source, [small, large]] of peaks) {
      const growth = large! / small!;
      check(`${source} below ${formatBytes(limits.store)}`, large! <= limits.store);
      check(`${source} grows ${growth.toFixed(2)} times`, growth <= limits.growth);
    }
  } finally {
    client.destroy();
    await Promise.all([redis.stop(), postgres.stop(), mongodb.stop()]);
  }
}

async function measureJson(gigabytes: number): Promise<void> {
  const path = join(folder, "from", "kv_store_llm_response_cache.json");
  await mkdir(join(folder, "from"));
  const records = Math.ceil((gigabytes * 1e9) / 4140);
  await writeJsonFile(path, benchCaches(records, 4000));
  process.stderr.write(`A JSON file of ${formatBytes((await stat(path)).size)}\n`);
  const workspaces = { SOURCE_WORKSPACE: "from", TARGET_WORKSPACE: "to" };
  const peak = await measure("json", "json", records, { WORKING_DIR: folder, ...workspaces });
  check(`JSON below ${formatBytes(limits.json)}`, peak <= limits.json);
}

async function measure(source: string, target: string, records: number, env: NodeJS.ProcessEnv): Promise<number> {
  const args = ["llm-cache", "migrate", "--source", source, "--target", target, "--yes", "--json"];
  const own = { STATE_FILE: join(folder, "state.db"), HOME: folder };
  const { stdout, peakBytes } = await measuredProcess(args, { ...env, ...own }, signal);
  const { totals, seconds } = JSON.parse(stdout) as MigrateReport;
  if (totals.migrated !== records) throw new Error(`Of ${records} records ${totals.migrated} were migrated.`);
  console.log(
    `${source} -> ${target}: ${formatCount(records)} records, ${seconds.toFixed(1)} s, peak ${formatBytes(peakBytes)}`,
  );
  return peakBytes;
}

function check(what: string, holds: boolean): void {
  console.log(`${holds ? "✓" : "✗"} ${what}`);
  failed ||= !holds;
}
