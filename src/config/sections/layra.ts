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
    )
      .default("mongodb://localhost:27017")
      .describe("address of MongoDB"),
    MONGODB_DB: name.optional().describe("database of the application; that of the address when not given, else layra"),
    MONGODB_POOL_SIZE: wholeNumber(1, 10_000).default(50).describe("connections at most"),
    MONGODB_MIN_POOL_SIZE: wholeNumber(0, 10_000).default(10).describe("connections at least"),
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
    )
      .default("http://localhost:19530")
      .describe("address of the application's Milvus"),
    MILVUS_TOKEN: z.string().optional().describe("of a server that asks for one"),
    MILVUS_DIM: wholeNumber(2, 32_768).default(128).describe("numbers of a page's vector"),
  })
  .transform((given) => ({ endpoint: given.MILVUS_URI, token: given.MILVUS_TOKEN, dimension: given.MILVUS_DIM }));

export const layraRedis = z
  .object({
    REDIS_URL: value("the address of Redis, such as redis://:password@localhost:6379", (text) =>
      withScheme(text, /^rediss?:\/\//, "redis"),
    )
      .default("redis://localhost:6379")
      .describe("address of Redis"),
    REDIS_PASSWORD: z.string().optional().describe("where the address has none"),
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
    )
      .optional()
      .describe("address of MySQL or MariaDB; MySQL is left out when not given"),
    DB_POOL_SIZE: wholeNumber(1, 10_000).default(10).describe("connections that stay open"),
    DB_MAX_OVERFLOW: wholeNumber(0, 10_000)
      .default(20)
      .describe("connections beyond these, for as long as they are needed"),
  })
  .transform(({ DB_URL, DB_POOL_SIZE, DB_MAX_OVERFLOW }) =>
    DB_URL === undefined ? undefined : { uri: DB_URL, poolSize: DB_POOL_SIZE, maxOverflow: DB_MAX_OVERFLOW },
  );

const bucket = matching(/^[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}$/, "the name of a bucket");

export const layraMinio = z
  .object({
    MINIO_URL: httpUrl.default("http://localhost:9000").describe("address of MinIO"),
    MINIO_BUCKET_NAME: bucket.default("layra-bucket").describe("bucket of the application"),
    MINIO_REGION: anyText.default("us-east-1").describe("of MinIO"),
    MINIO_ACCESS_KEY: anyText.default("").describe("of MinIO"),
    MINIO_SECRET_KEY: anyText.default("").describe("of MinIO"),
    MINIO_PUBLIC_URL: httpUrl
      .optional()
      .describe("where browsers reach MinIO; SERVER_IP and MINIO_PUBLIC_PORT when not given"),
    MINIO_PUBLIC_PORT: wholeNumber(1, 65_535).optional().describe("with SERVER_IP"),
    SERVER_IP: value("an address such as http://203.0.113.5 or 203.0.113.5", (text) =>
      withScheme(text, /^https?:\/\//, "http")?.replace(/\/+$/, ""),
    )
      .optional()
      .describe("where browsers reach the server; used without MINIO_PUBLIC_URL"),
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
    BACKUP_S3_ENDPOINT: httpUrl.optional().describe("of the server for backups; MinIO's when not given"),
    BACKUP_S3_REGION: anyText.optional().describe("as BACKUP_S3_ENDPOINT"),
    BACKUP_S3_ACCESS_KEY: anyText.optional().describe("as BACKUP_S3_ENDPOINT"),
    BACKUP_S3_SECRET_KEY: anyText.optional().describe("as BACKUP_S3_ENDPOINT"),
  })
  .transform((given) => ({
    endpoint: given.BACKUP_S3_ENDPOINT,
    region: given.BACKUP_S3_REGION,
    accessKey: given.BACKUP_S3_ACCESS_KEY,
    secretKey: given.BACKUP_S3_SECRET_KEY,
  }));
