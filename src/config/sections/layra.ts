import { z } from "zod";
import { anyText, matching, value, wholeNumber } from "../values.ts";

// The variables of an application's five stores, under the names and with the defaults that the application itself has.

const httpUrl = value("an http or https address, such as http://localhost:9000", (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.search === "";
  return isPlain ? text.replace(/\/+$/, "") : undefined;
});

function withScheme(text: string, schemes: RegExp, scheme: string): string | undefined {
  const whole = text.includes("://") ? text : `${scheme}://${text}`;
  return schemes.test(whole) && (URL.canParse(whole) || whole.includes(",")) ? whole : undefined;
}

const name = matching(/^[^/\\. "$*<>:|?\s]{1,63}$/, "the name of a database");

export const layraMongodb = z
  .object({
    MONGODB_URL: value("the address of MongoDB, such as mongodb://user:password@host:27017/layra", (text) =>
      withScheme(text, /^mongodb(\+srv)?:\/\//, "mongodb"),
    ).default("mongodb://localhost:27017"),
    MONGODB_DB: name.optional(),
    MONGODB_POOL_SIZE: wholeNumber(1, 10_000).default(50),
    MONGODB_MIN_POOL_SIZE: wholeNumber(0, 10_000).default(10),
  })
  .transform((given) => ({
    uri: given.MONGODB_URL,
    database: given.MONGODB_DB ?? databaseOf(given.MONGODB_URL) ?? "layra",
    maxPoolSize: given.MONGODB_POOL_SIZE,
    minPoolSize: Math.min(given.MONGODB_MIN_POOL_SIZE, given.MONGODB_POOL_SIZE),
  }));

/** The path of the address, which has no slash elsewhere behind its hosts. */
function databaseOf(uri: string): string | undefined {
  return /^[^:]+:\/\/[^/]*\/([^/?]+)/.exec(uri)?.[1];
}

export const layraMilvus = z
  .object({
    MILVUS_URI: value("the address of Milvus, such as http://localhost:19530", (text) =>
      withScheme(text, /^(milvus|https?):\/\//, "http")?.replace(/^milvus:/, "http:"),
    ).default("http://localhost:19530"),
    MILVUS_TOKEN: z.string().optional(),
    MILVUS_DIM: wholeNumber(2, 32_768).default(128),
  })
  .transform((given) => ({ endpoint: given.MILVUS_URI, token: given.MILVUS_TOKEN, dimension: given.MILVUS_DIM }));

export const layraRedis = z
  .object({
    REDIS_URL: value("the address of Redis, such as redis://:password@localhost:6379", (text) =>
      withScheme(text, /^rediss?:\/\//, "redis"),
    ).default("redis://localhost:6379"),
    REDIS_PASSWORD: z.string().optional(),
  })
  .transform(({ REDIS_URL, REDIS_PASSWORD }) => {
    const url = new URL(REDIS_URL);
    if (url.password === "" && REDIS_PASSWORD !== undefined) url.password = encodeURIComponent(REDIS_PASSWORD);
    return { uri: url.href };
  });

/** Undefined without an address: the application has MySQL prepared, and uses it only where one is given. */
export const layraMysql = z
  .object({
    DB_URL: value("the address of MySQL, such as mysql+aiomysql://user:pass@host:3306/layra", (text) =>
      withScheme(text, /^(mysql|mariadb)(\+\w+)?:\/\/[^/]+\/[^/]+/, "mysql"),
    ).optional(),
    DB_POOL_SIZE: wholeNumber(1, 10_000).default(10),
    DB_MAX_OVERFLOW: wholeNumber(0, 10_000).default(20),
  })
  .transform(({ DB_URL, DB_POOL_SIZE, DB_MAX_OVERFLOW }) =>
    DB_URL === undefined ? undefined : { uri: DB_URL, poolSize: DB_POOL_SIZE, maxOverflow: DB_MAX_OVERFLOW },
  );

const bucket = matching(/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/, "the name of a bucket");

export const layraMinio = z
  .object({
    MINIO_URL: httpUrl.default("http://localhost:9000"),
    MINIO_BUCKET_NAME: bucket.default("layra-bucket"),
    MINIO_REGION: anyText.default("us-east-1"),
    MINIO_ACCESS_KEY: anyText.default(""),
    MINIO_SECRET_KEY: anyText.default(""),
    MINIO_PUBLIC_URL: httpUrl.optional(),
    MINIO_PUBLIC_PORT: wholeNumber(1, 65_535).optional(),
    SERVER_IP: value("an address such as http://203.0.113.5 or 203.0.113.5", (text) =>
      withScheme(text, /^https?:\/\//, "http")?.replace(/\/+$/, ""),
    ).optional(),
  })
  .transform((given) => ({
    endpoint: given.MINIO_URL,
    bucket: given.MINIO_BUCKET_NAME,
    region: given.MINIO_REGION,
    accessKey: given.MINIO_ACCESS_KEY,
    secretKey: given.MINIO_SECRET_KEY,
    publicUrl: given.MINIO_PUBLIC_URL ?? serverAddress(given.SERVER_IP, given.MINIO_PUBLIC_PORT),
  }));

function serverAddress(server: string | undefined, port: number | undefined): string | undefined {
  return server === undefined ? undefined : `${server}${port === undefined ? "" : `:${port}`}`;
}

/** Where backups lie that go to `s3://bucket/prefix`; what is not given is that of MinIO. */
export const backupBucket = z
  .object({
    BACKUP_S3_ENDPOINT: httpUrl.optional(),
    BACKUP_S3_REGION: anyText.optional(),
    BACKUP_S3_ACCESS_KEY: anyText.optional(),
    BACKUP_S3_SECRET_KEY: anyText.optional(),
  })
  .transform((given) => ({
    endpoint: given.BACKUP_S3_ENDPOINT,
    region: given.BACKUP_S3_REGION,
    accessKey: given.BACKUP_S3_ACCESS_KEY,
    secretKey: given.BACKUP_S3_SECRET_KEY,
  }));
