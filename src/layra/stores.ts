import type { Db, MongoClient } from "mongodb";
import { UsageError } from "../engine/errors.ts";
import { once } from "../engine/once.ts";
import { S3Objects } from "../stores/blobs/s3-objects.ts";
import { Milvus } from "../stores/milvus/client.ts";
import { connectMongodb } from "../stores/mongodb/client.ts";
import { Mysql } from "../stores/mysql/client.ts";
import { type BinaryClient, connectBinary } from "../stores/redis/binary-client.ts";
import { connectRedis, type RedisClient } from "../stores/redis/client.ts";

// src/layra operates the five stores of one application: what it keeps where, whether it is well, and backups. It never
// imports another pipeline, and leaves how a run lives, batches travel and a server is reached to src/runs, src/engine
// and src/stores.

export const storeNames = ["mongodb", "milvus", "redis", "minio", "mysql"] as const;
export type StoreName = (typeof storeNames)[number];

export interface StoresOptions {
  readonly mongodb: {
    readonly uri: string;
    readonly database: string;
    readonly maxPoolSize: number;
    readonly minPoolSize: number;
  };
  readonly milvus: { readonly endpoint: string; readonly token?: string | undefined; readonly dimension: number };
  readonly redis: { readonly uri: string };
  readonly minio: {
    readonly endpoint: string;
    readonly bucket: string;
    readonly region: string;
    readonly accessKey: string;
    readonly secretKey: string;
    /** Where browsers see MinIO. */
    readonly publicUrl?: string | undefined;
  };
  /** Undefined where the application has none. */
  readonly mysql: { readonly uri: string; readonly poolSize: number; readonly maxOverflow: number } | undefined;
  /** Of a connection and of one request, in milliseconds. */
  readonly timeoutMillis: number;
}

/** What the databases of Redis hold. */
export const redisDatabases = { tokens: 0, tasks: 1, locks: 2, cache: 3 } as const;

/** The five stores, each connected when it is first asked for, so that one that is away is no matter of the others. */
export interface Stores {
  readonly options: StoresOptions;
  mongodb(): Promise<Db>;
  readonly milvus: Milvus;
  /** One of the databases 0 to 3; the cache's when it is not named. */
  redis(database?: number): Promise<RedisClient>;
  /** As `redis`, in bytes. */
  redisBytes(database: number): Promise<BinaryClient>;
  /** @throws UsageError without keys */
  objects(): S3Objects;
  /** @throws UsageError where none is configured */
  mysql(): Mysql;
  close(): Promise<void>;
}

const minioWording = {
  name: "The bucket of MinIO",
  unreachable: "Look at MINIO_URL and the network, and whether MinIO runs.",
  denied: "Look at MINIO_ACCESS_KEY and MINIO_SECRET_KEY, and at what they may do with the bucket.",
  refused: "Look at MINIO_URL and MINIO_BUCKET_NAME. Backups and uploads make a bucket that is missing.",
};

export function connectStores(options: StoresOptions): Stores {
  const { timeoutMillis } = options;
  let client: MongoClient | undefined;
  const connected = once(async () => {
    client = await connectMongodb({ ...options.mongodb, connectTimeoutMillis: timeoutMillis });
    return client.db(options.mongodb.database);
  });
  const milvus = new Milvus({ ...options.milvus, timeoutMillis });
  const texts = new Map<number, Promise<RedisClient>>();
  const bytes = new Map<number, Promise<BinaryClient>>();
  const mysql = options.mysql && new Mysql({ ...options.mysql, connectTimeoutMillis: timeoutMillis });
  let objects: S3Objects | undefined;
  const open = <T>(
    known: Map<number, Promise<T>>,
    database: number,
    connect: (uri: string) => Promise<T>,
  ): Promise<T> => {
    const found = known.get(database);
    if (found !== undefined) return found;
    const url = new URL(options.redis.uri);
    url.pathname = `/${database}`;
    const opened = connect(url.href);
    known.set(database, opened);
    opened.catch(() => known.delete(database));
    return opened;
  };
  return {
    options,
    mongodb: connected,
    milvus,
    redis: (database = redisDatabases.cache) =>
      open(texts, database, (uri) => connectRedis({ uri, connectTimeoutMillis: timeoutMillis })),
    redisBytes: (database) =>
      open(bytes, database, (uri) => connectBinary({ uri, connectTimeoutMillis: timeoutMillis })),
    objects: () => (objects ??= new S3Objects({ ...options.minio, addressStyle: "path" }, minioWording)),
    mysql: () => {
      if (mysql !== undefined) return mysql;
      throw new UsageError("mysql_not_configured", "No MySQL is configured.", {
        hint: "Set DB_URL, such as mysql+aiomysql://user:pass@host:3306/layra, or leave mysql out with --only.",
      });
    },
    close: async () => {
      for (const opened of [...texts.values(), ...bytes.values()])
        await opened.then((one) => ("destroy" in one ? one.destroy() : one.close())).catch(() => {});
      await Promise.all([client?.close(), milvus.close(), mysql?.close()]);
    },
  };
}
