import type { RowDataPacket } from "mysql2";
import { hasCollection } from "../../stores/milvus/collection.ts";
import { collectionPrefix } from "../milvus/knowledge.ts";
import { storeNames, type Stores } from "../stores.ts";
import { type Answer, eachStore } from "./each-store.ts";

export interface MongodbStats {
  readonly collections: readonly { readonly name: string; readonly documents: number; readonly indexes: number }[];
}

export interface MilvusIndex {
  readonly field: string;
  readonly name: string;
  readonly type: string;
  readonly params: Readonly<Record<string, string>>;
}

export interface MilvusStats {
  readonly collections: readonly {
    readonly name: string;
    readonly rows: number;
    readonly indexes: readonly MilvusIndex[];
  }[];
}

export interface LargeKey {
  readonly database: number;
  readonly key: string;
  readonly bytes: number;
}

export interface RedisStats {
  readonly used_memory_human: string;
  readonly databases: readonly { readonly database: number; readonly keys: number }[];
  readonly total_keys: number;
  /** Largest first, `mostShown` of them. */
  readonly large_keys: readonly LargeKey[];
  readonly large_keys_total: number;
}

export interface MinioStats {
  readonly bucket: string;
  readonly objects: number;
  readonly bytes: number;
}

export interface MysqlStats {
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
}

export interface Stats {
  readonly mongodb: MongodbStats;
  readonly milvus: MilvusStats;
  readonly redis: RedisStats;
  readonly minio: MinioStats;
  readonly mysql: MysqlStats;
}

export type StatsAnswers = { readonly [Name in keyof Stats]?: Answer<Stats[Name]> };

/** What MEMORY USAGE must be above for a key to be named. */
const largeBytes = 10_000;
const mostShown = 50;
const scanCount = 500;

/** What each store holds. Redis is read by SCAN, all four databases; MinIO is listed. */
export function statsOf(stores: Stores, timeoutMillis: number, only = storeNames.slice()): Promise<StatsAnswers> {
  const questions = {
    mongodb: mongodbStats,
    milvus: milvusStats,
    redis: redisStats,
    minio: minioStats,
    mysql: mysqlStats,
  };
  const asked = only.filter((name) => name !== "mysql" || stores.options.mysql !== undefined);
  const wanted = Object.fromEntries(asked.map((name) => [name, questions[name]]));
  return eachStore(stores, wanted as typeof questions, timeoutMillis);
}

async function mongodbStats(stores: Stores): Promise<MongodbStats> {
  const db = await stores.mongodb();
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name).toSorted();
  const collections = [];
  for (const name of names.filter((one) => !one.startsWith("system."))) {
    const found = db.collection(name);
    const indexes = await found.indexes();
    collections.push({ name, documents: await found.countDocuments(), indexes: indexes.length });
  }
  return { collections };
}

async function milvusStats({ milvus }: Stores): Promise<MilvusStats> {
  const { data } = await milvus.call("list collections", (client) => client.showCollections());
  const collections = [];
  for (const { name } of data.filter((one) => one.name.startsWith(collectionPrefix))) {
    try {
      collections.push({ name, rows: await rowsOf(name), indexes: await indexesOf(name) });
    } catch (error) {
      if (await hasCollection(milvus, name)) throw error; // else it was dropped since it was listed
    }
  }
  return { collections };

  async function rowsOf(collection_name: string): Promise<number> {
    const answer = await milvus.call(`count ${collection_name}`, (client) =>
      client.getCollectionStatistics({ collection_name }),
    );
    return Number(answer.data["row_count"] ?? 0);
  }
  async function indexesOf(collection_name: string): Promise<MilvusIndex[]> {
    const answer = await milvus.call(`list the indexes of ${collection_name}`, (client) =>
      client.describeIndex({ collection_name }),
    );
    return answer.index_descriptions.map(({ field_name, index_name, params }) => {
      const { index_type: type = "", ...others } = Object.fromEntries(
        params.map(({ key, value }) => [key, String(value)]),
      );
      return { field: field_name, name: index_name, type, params: others };
    });
  }
}

async function redisStats(stores: Stores): Promise<RedisStats> {
  const info = await (await stores.redis()).info("memory");
  const used_memory_human = /^used_memory_human:(\S+)/m.exec(info)?.[1] ?? "";
  const databases: { database: number; keys: number }[] = [];
  const large: LargeKey[] = [];
  let large_keys_total = 0;
  for (const database of [0, 1, 2, 3]) {
    const redis = await stores.redis(database);
    databases.push({ database, keys: await redis.dbSize() });
    for await (const keys of redis.scanIterator({ COUNT: scanCount })) {
      const sizes = await Promise.all(keys.map((key) => redis.memoryUsage(key)));
      for (const [at, bytes] of sizes.entries())
        if ((bytes ?? 0) > largeBytes) {
          large.push({ database, key: keys[at]!, bytes: bytes! });
          large_keys_total++;
        }
      if (large.length > 2 * mostShown) shorten(large);
    }
  }
  shorten(large);
  const total_keys = databases.reduce((sum, { keys }) => sum + keys, 0);
  return { used_memory_human, databases, total_keys, large_keys: large, large_keys_total };
}

function shorten(large: LargeKey[]): void {
  large.sort((one, other) => other.bytes - one.bytes);
  large.length = Math.min(large.length, mostShown);
}

async function minioStats(stores: Stores): Promise<MinioStats> {
  const store = stores.objects();
  const signal = AbortSignal.timeout(stores.options.timeoutMillis);
  let [objects, bytes] = [0, 0];
  for await (const { size } of store.all("", undefined, signal)) {
    objects++;
    bytes += size;
  }
  return { bucket: stores.options.minio.bucket, objects, bytes };
}

async function mysqlStats(stores: Stores): Promise<MysqlStats> {
  return stores.mysql().use(async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>("show full tables where Table_type = 'BASE TABLE'");
    const tables = [];
    for (const name of rows.map((row) => String(Object.values(row)[0]))) {
      const [counts] = await connection.query<RowDataPacket[]>("select count(*) as total from ??", [name]);
      tables.push({ name, rows: Number(counts[0]!["total"]) });
    }
    return { tables };
  });
}
