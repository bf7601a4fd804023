/**
 * npm run bench:llm-cache [-- --records 50000 --bytes 4000 --rounds 3 --python /path/to/python]: how fast caches move
 * from Redis to PostgreSQL and from JSON to Redis, beside the limit (the slower of reading and writing the same
 * records alone) and, with a Python that has lightrag-hku, beside LightRAG's own tool. Each round measures all of them
 * one after the other; the medians and their ratios are printed: of the moving alone, and of all that is done from the
 * opening of the first store on.
 */
import { mkdtemp, mkdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { startPostgres } from "../dev/servers/start-postgres.ts";
import { startRedis } from "../dev/servers/start-redis.ts";
import { createTable } from "../src/llm-cache/stores/postgres-sql.ts";
import { connectRedis } from "../src/stores/redis/client.ts";
import { benchCaches, fillRedis, writeJsonFile } from "./llm-cache/caches.ts";
import { readJsonAlone, readRedisAlone, writePostgresAlone, writeRedisAlone } from "./llm-cache/limits.ts";
import { type Seconds, timedConversation } from "./llm-cache/timed-conversation.ts";
import { appArguments, malloc } from "./measured-process.ts";
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
/** As the installed `app` runs. */
const app = { file: process.execPath, args: appArguments(["llm-cache", "migrate"]) };
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
  ...malloc,
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
  const ours: Seconds[] = [];
  const original: Seconds[] = [];
  const read: number[] = [];
  const write: number[] = [];
  const call = { env: { ...env, ...route.workspaces }, cwd: folder };
  await route.fill();
  for (let round = 1; round <= rounds; round++) {
    await route.empty();
    ours.push(await timedConversation({ ...call, ...app, answers: route.answers }));
    if (values.python !== undefined) {
      await route.empty();
      const tool = { file: values.python, args: ["-m", "lightrag.tools.migrate_llm_cache"] };
      original.push(await timedConversation({ ...call, ...tool, answers: route.originalAnswers }));
    }
    read.push(await route.readAlone());
    await route.empty();
    write.push(await route.writeAlone());
    process.stderr.write(
      `${name}, round ${round}: ours ${told(ours.at(-1))}, original ${told(original.at(-1))}, read ${rounded(read.at(-1)!)} s, write ${rounded(write.at(-1)!)} s\n`,
    );
  }
  const limit = Math.max(median(read), median(write));
  const [moving, whole] = [median(ours.map((one) => one.moving)), median(ours.map((one) => one.whole))];
  const compared = original.length > 0 && {
    original: {
      moving: rounded(median(original.map((one) => one.moving))),
      whole: rounded(median(original.map((one) => one.whole))),
    },
    timesAsFast: {
      moving: rounded(median(original.map((one) => one.moving)) / moving),
      whole: rounded(median(original.map((one) => one.whole)) / whole),
    },
  };
  console.log(
    JSON.stringify({
      route: name,
      records,
      seconds: {
        moving: rounded(moving),
        whole: rounded(whole),
        readAlone: rounded(median(read)),
        writeAlone: rounded(median(write)),
      },
      recordsPerSecond: Math.round(records / moving),
      shareOfLimit: rounded(limit / moving),
      ...compared,
    }),
  );
}

function told(seconds: Seconds | undefined): string {
  return seconds === undefined
    ? "-"
    : `${rounded(seconds.moving)} s (${rounded(seconds.whole)} s with opening and counting)`;
}

function rounded(number: number): number {
  return Math.round(100 * number) / 100;
}
