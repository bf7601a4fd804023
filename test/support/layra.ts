import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { runCli } from "../../src/cli/run-cli.ts";
import { connectStores, type Stores } from "../../src/layra/stores.ts";
import { fakeHost } from "./fake-host.ts";
import { needs } from "./needs.ts";
import { startMilvus } from "../../dev/servers/start-milvus.ts";
import { startRedis } from "../../dev/servers/start-redis.ts";

export interface TestStores {
  readonly stores: Stores;
  /** The environment in which `app stores ...` works on them. */
  readonly env: Record<string, string>;
  /** A folder of the test's own. */
  readonly folder: string;
  close(): Promise<void>;
}

/**
 * An application's five stores: a MongoDB database, a MinIO bucket and a MySQL database of their own on the shared
 * servers, and a Redis of their own, because its four databases are all there are. Collections of Milvus are on the
 * shared server: name them by `newKb`; who backs all of them up has a server too.
 */
export async function testStores({ ownMilvus = false }: { ownMilvus?: boolean } = {}): Promise<TestStores> {
  const id = randomBytes(5).toString("hex");
  const milvus = ownMilvus ? await startMilvus() : undefined;
  const [mongodbUrl, milvusUrl, minioUrl, mysqlUrl, redis] = await Promise.all([
    needs("mongodb"),
    milvus?.url ?? needs("milvus"),
    needs("minio"),
    needs("mysql"),
    startRedis(),
  ]);
  const minio = new URL(minioUrl);
  const folder = await mkdtemp(join(tmpdir(), "stores-test-"));
  const admin = await createConnection(mysqlUrl);
  await admin.query(`create database layra_${id} character set utf8mb4`);
  const options = {
    mongodb: { uri: mongodbUrl, database: `layra_${id}`, maxPoolSize: 10, minPoolSize: 0 },
    milvus: { endpoint: milvusUrl, dimension: 8 },
    redis: { uri: redis.url },
    minio: {
      endpoint: minio.origin,
      bucket: `layra-${id}`,
      region: "us-east-1",
      accessKey: minio.username,
      secretKey: minio.password,
    },
    mysql: { uri: `${mysqlUrl.replace("mysql:", "mysql+aiomysql:")}/layra_${id}`, poolSize: 2, maxOverflow: 2 },
    timeoutMillis: 30_000,
  };
  const stores = connectStores(options);
  return {
    stores,
    folder,
    env: {
      MONGODB_URL: mongodbUrl,
      MONGODB_DB: options.mongodb.database,
      MILVUS_URI: milvusUrl,
      MILVUS_DIM: "8",
      REDIS_URL: redis.url,
      DB_URL: options.mysql.uri,
      MINIO_URL: minio.origin,
      MINIO_BUCKET_NAME: options.minio.bucket,
      MINIO_ACCESS_KEY: minio.username,
      MINIO_SECRET_KEY: minio.password,
      STATE_FILE: join(folder, "state.db"),
    },
    close: async () => {
      await (await stores.mongodb()).dropDatabase();
      await stores.close();
      await admin.query(`drop database layra_${id}`);
      await admin.end();
      await Promise.all([redis.stop(), milvus?.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An id of a knowledge base that no other test has. */
export function newKb(start = "kb-"): string {
  return `${start}${randomBytes(6).toString("hex")}`;
}

export interface StoresEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly json: Record<string, unknown>;
}

/** `app stores ...` in this process, its JSON parsed. */
export async function runStores(env: Record<string, string>, ...args: string[]): Promise<StoresEnd> {
  const host = fakeHost(["stores", ...args, "--json"], { env });
  const code = await runCli(host);
  const stdout = host.out();
  return {
    code,
    stdout,
    stderr: host.err(),
    json: (stdout === "" ? {} : JSON.parse(stdout)) as Record<string, unknown>,
  };
}

/** The text that people read. */
export async function storesText(env: Record<string, string>, ...args: string[]): Promise<string> {
  const host = fakeHost(["stores", ...args], { env });
  await runCli(host);
  return host.out();
}

export function vectorOf(...numbers: number[]): number[] {
  return Array.from({ length: 8 }, (_, at) => Math.fround(numbers[at] ?? 0));
}
