/**
 * npm run bench:llm-cache [-- --records 50000 --bytes 4000 --rounds 3 --python /path/to/python]: how fast caches move from Redis to PostgreSQL and from
 * JSON to Redis, beside the limit (the slower of reading and writing the same records alone) and, with a Python that has lightrag-hku, beside LightRAG's
 * own tool. Each round measures all of them one after the other; the medians and their ratios are printed.
 */
import { mkdtemp, mkdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pg from "pg";
import { startPostgres } from "../dev/servers/start-postgres.ts";
import { startRedis } from "../dev/servers/start-redis.ts";
import { createTable } from "../src/llm-cache/stores/postgres-sql.ts";
import { connectRedis } from "../src/stores/redis/client.ts";
import { benchCaches, fillRedis, writeJsonFile } from "./llm-cache/caches.ts";
import { readJsonAlone, readRedisAlone, writePostgresAlone, writeRedisAlone } from "./llm-cache/limits.ts";
import { timedConversation } from "./llm-cache/timed-conversation.ts";
import { median } from "./support/statistics.ts";

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "50000" },
    bytes: { type: "string", default: "4000" },
    rounds: { type: "string", default: "3" },
    python: { type: "string" },
  },
});
const [records, bytes, rounds] = [values.records, values.bytes, values.rounds].map(Number) as [number, number, number];
const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const namespace = "from_llm_response_cache";

const folder = await mkdtemp(join(tmpdir(), "bench-llm-cache-"));
const [redisServer, postgresServer] = await Promise.all([startRedis(), startPostgres()]);
const redis = await connectRedis({ uri: redisServer.url });
const pool = new pg.Pool({ connectionString: postgresServer.url });
const url = new URL(postgresServer.url);
const env = {
  WORKING_DIR: folder,
  REDIS_URI: redisServer.url,
  POSTGRES_HOST: url.hostname,
  POSTGRES_PORT: url.port,
  POSTGRES_USER: url.username,
  POSTGRES_PASSWORD: url.password,
  POSTGRES_DATABASE: url.pathname.slice(1) || "postgres",
  STATE_FILE: join(folder, "state.db"),
  HOME: folder,
  PYTHONUNBUFFERED: "1",
};

try {
  process.stderr.write(`Making ${records} caches of about ${bytes} bytes ...\n`);
  await mkdir(join(folder, "from"));
  const jsonFile = join(folder, "from", "kv_store_llm_response_cache.json");
  await writeJsonFile(jsonFile, benchCaches(records, bytes));
  await pool.query(createTable);
  process.stderr.write(`${((await stat(jsonFile)).size / 1e6).toFixed(0)} MB\n`);
  await measureRoute("Redis -> PostgreSQL", {
    answers: "2\n3\ny\n",
    originalAnswers: "2\n2\ny\n", // its second menu leaves the source out
    workspaces: { REDIS_WORKSPACE: "from", POSTGRES_WORKSPACE: "to" },
    fill: () => fillRedis(redis, namespace, benchCaches(records, bytes)),
    empty: async () => void (await pool.query("truncate lightrag_llm_cache; checkpoint")),
    readAlone: () => readRedisAlone(redis, namespace),
    writeAlone: () => writePostgresAlone(pool, "alone", records, bytes),
  });
  await measureRoute("JSON -> Redis", {
    answers: "1\n2\ny\n",
    originalAnswers: "1\n1\ny\n",
    workspaces: { WORKSPACE: "from", REDIS_WORKSPACE: "to" },
    fill: async () => {},
    empty: async () => void (await redis.flushAll()),
    readAlone: () => readJsonAlone(jsonFile),
    writeAlone: () => writeRedisAlone(redis, "alone_llm_response_cache", records, bytes),
  });
} finally {
  redis.destroy();
  await pool.end();
  await Promise.all([redisServer.stop(), postgresServer.stop()]);
  await rm(folder, { recursive: true });
}

interface BenchRoute {
  readonly answers: string;
  readonly originalAnswers: string;
  readonly workspaces: Record<string, string>;
  fill(): Promise<void>;
  empty(): Promise<void>;
  readAlone(): Promise<number>;
  writeAlone(): Promise<number>;
}

async function measureRoute(name: string, route: BenchRoute): Promise<void> {
  const seen: Record<"ours" | "original" | "read" | "write", number[]> = {
    ours: [],
    original: [],
    read: [],
    write: [],
  };
  const settings = { ...env, ...route.workspaces };
  await route.fill();
  for (let round = 0; round < rounds; round++) {
    await route.empty();
    seen.ours.push(
      await timedConversation({
        file: process.execPath,
        args: [main, "llm-cache", "migrate"],
        env: settings,
        cwd: folder,
        answers: route.answers,
      }),
    );
    if (values.python !== undefined) {
      await route.empty();
      const args = ["-m", "lightrag.tools.migrate_llm_cache"];
      seen.original.push(
        await timedConversation({
          file: values.python,
          args,
          env: settings,
          cwd: folder,
          answers: route.originalAnswers,
        }),
      );
    }
    seen.read.push(await route.readAlone());
    await route.empty();
    seen.write.push(await route.writeAlone());
    process.stderr.write(
      `${name}, round ${round + 1}: ${Object.entries(seen)
        .map(([what, times]) => `${what} ${times.at(-1)?.toFixed(2) ?? "-"} s`)
        .join(", ")}\n`,
    );
  }
  const [ours, original, read, write] = [seen.ours, seen.original, seen.read, seen.write].map(median) as [
    number,
    number,
    number,
    number,
  ];
  const limit = Math.max(read, write);
  console.log(
    JSON.stringify({
      route: name,
      records,
      seconds: { ours, original: Number.isNaN(original) ? null : original, readAlone: read, writeAlone: write },
      recordsPerSecond: Math.round(records / ours),
      timesAsFastAsOriginal: Number.isNaN(original) ? null : Math.round((100 * original) / ours) / 100,
      shareOfLimit: Math.round((100 * limit) / ours) / 100,
    }),
  );
}
