import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { MongoClient } from "mongodb";
import pg from "pg";
import { createClient } from "redis";
import type { StoreSettings, StoreType } from "../../../src/llm-cache/store-settings.ts";
import { createTable } from "../../../src/llm-cache/stores/postgres-sql.ts";
import { createDatabase } from "../database.ts";
import { needs } from "../needs.ts";

export type PlainRecord = Record<string, unknown>;
/** Key to record. */
export type Caches = Record<string, PlainRecord>;

/** A store as LightRAG itself would keep it, written and read without a line of the program, for each workspace. */
export interface LightragStore {
  settings(workspace: string): StoreSettings;
  /** Variables of the command line. */
  env(workspace: string): Record<string, string>;
  fill(workspace: string, caches: Caches): Promise<void>;
  dump(workspace: string): Promise<Caches>;
  close(): Promise<void>;
}

export const lightragStores: Readonly<Record<StoreType, () => Promise<LightragStore>>> = {
  JsonKVStorage: jsonStore,
  RedisKVStorage: redisStore,
  PGKVStorage: postgresStore,
  MongoKVStorage: mongoStore,
};

async function jsonStore(): Promise<LightragStore> {
  const folder = await mkdtemp(join(tmpdir(), "llm-cache-"));
  const path = (workspace: string) => resolve(folder, workspace, "kv_store_llm_response_cache.json");
  return {
    settings: (workspace) => ({ type: "JsonKVStorage", folder, workspace }),
    env: (workspace) => ({ WORKING_DIR: folder, WORKSPACE: workspace }),
    fill: async (workspace, caches) => {
      await mkdir(dirname(path(workspace)), { recursive: true });
      const records = Object.entries(caches).map(([key, record]) => [key, { ...record, _id: key }]);
      await writeFile(path(workspace), JSON.stringify(Object.fromEntries(records), undefined, 2));
    },
    dump: async (workspace) => {
      const text = await readFile(path(workspace), "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return "{}";
        throw error;
      });
      return withoutId(JSON.parse(text) as Caches);
    },
    close: () => rm(folder, { recursive: true }),
  };
}

/** The tests' server is shared, so each store has a name that no other workspace begins with. */
async function redisStore(): Promise<LightragStore> {
  const uri = await needs("redis");
  const client = createClient({ url: uri });
  await client.connect();
  const own = `w${randomBytes(6).toString("hex")}`;
  const named = (workspace: string) => (workspace === "" ? own : `${own}${workspace}`);
  const prefix = (workspace: string) => `${named(workspace)}_llm_response_cache:`;
  const keys = async (pattern: string) => {
    const found: string[] = [];
    for await (const page of client.scanIterator({ MATCH: pattern, COUNT: 1000 })) found.push(...page);
    return found;
  };
  return {
    settings: (workspace) => ({ type: "RedisKVStorage", uri, workspace: named(workspace) }),
    env: (workspace) => ({ REDIS_URI: uri, REDIS_WORKSPACE: named(workspace) }),
    fill: async (workspace, caches) => {
      const entries = Object.entries(caches);
      await Promise.all(
        entries.map(([key, record]) => client.set(prefix(workspace) + key, pythonJson({ ...record, _id: key }))),
      );
    },
    dump: async (workspace) => {
      const caches: Caches = {};
      for (const key of await keys(`${prefix(workspace)}*`)) {
        caches[key.slice(prefix(workspace).length)] = JSON.parse((await client.get(key))!) as PlainRecord;
      }
      return withoutId(caches);
    },
    close: async () => {
      const all = await keys(`${own}*`);
      if (all.length > 0) await client.del(all);
      client.destroy();
    },
  };
}

async function postgresStore(): Promise<LightragStore> {
  const database = await createDatabase();
  const pool = new pg.Pool({ connectionString: database.url });
  pool.on("error", () => {}); // dropping the database ends its sessions
  pool.on("connect", (client) => client.on("error", () => {}));
  const url = new URL(database.url);
  await pool.query(createTable);
  const named = (workspace: string) => (workspace === "" ? "default" : workspace);
  return {
    settings: (workspace) => ({ type: "PGKVStorage", url: database.url, workspace }),
    env: (workspace) => ({
      POSTGRES_HOST: url.hostname,
      POSTGRES_PORT: url.port,
      POSTGRES_USER: decodeURIComponent(url.username),
      POSTGRES_PASSWORD: decodeURIComponent(url.password) || "none",
      POSTGRES_DATABASE: url.pathname.slice(1),
      POSTGRES_WORKSPACE: workspace,
    }),
    fill: async (workspace, caches) => {
      const entries = Object.entries(caches);
      for (let at = 0; at < entries.length; at += 100)
        await Promise.all(
          entries.slice(at, at + 100).map(async ([id, record]) => {
            await pool.query(
              `insert into lightrag_llm_cache (workspace, id, original_prompt, return_value, chunk_id, cache_type, queryparam, create_time, update_time)
           values ($1, $2, $3, $4, $5, $6, $7, timestamp 'epoch' + $8 * interval '1 second', timestamp 'epoch' + $9 * interval '1 second')`,
              [
                named(workspace),
                id,
                ...["original_prompt", "return", "chunk_id", "cache_type"].map((name) => record[name] ?? null),
                record["queryparam"] == null ? null : JSON.stringify(record["queryparam"]),
                record["create_time"] ?? null,
                record["update_time"] ?? null,
              ],
            );
          }),
        );
    },
    dump: async (workspace) => {
      const { rows } = await pool.query<PlainRecord & { id: string }>(
        `select id, original_prompt, return_value as "return", chunk_id, cache_type, queryparam,
                extract(epoch from create_time)::float8 as create_time, extract(epoch from update_time)::float8 as update_time
           from lightrag_llm_cache where workspace = $1`,
        [named(workspace)],
      );
      return Object.fromEntries(rows.map(({ id, ...record }) => [id, record]));
    },
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

async function mongoStore(): Promise<LightragStore> {
  const uri = await needs("mongodb");
  const client = new MongoClient(uri);
  const database = `test_${randomBytes(6).toString("hex")}`;
  const documents = (workspace: string) =>
    client
      .db(database)
      .collection<{ _id: string }>(workspace === "" ? "llm_response_cache" : `${workspace}_llm_response_cache`);
  return {
    settings: (workspace) => ({ type: "MongoKVStorage", uri, database, workspace }),
    env: (workspace) => ({ MONGO_URI: uri, MONGO_DATABASE: database, MONGODB_WORKSPACE: workspace }),
    fill: async (workspace, caches) => {
      const operations = Object.entries(caches).map(([_id, replacement]) => ({
        replaceOne: { filter: { _id }, replacement, upsert: true },
      }));
      await documents(workspace).bulkWrite(operations);
    },
    dump: async (workspace) => {
      const found = await documents(workspace).find().toArray();
      return Object.fromEntries(found.map(({ _id, ...record }) => [_id, record as PlainRecord]));
    },
    close: async () => {
      await client.db(database).dropDatabase();
      await client.close();
    },
  };
}

function withoutId(caches: Caches): Caches {
  return Object.fromEntries(Object.entries(caches).map(([key, { _id, ...record }]) => [key, record]));
}

/** As json.dumps writes by default: ASCII, a space behind signs. */
function pythonJson(record: PlainRecord): string {
  const ascii = JSON.stringify(record).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return ascii.replace(/^\{"return":/, '{"return": ');
}
