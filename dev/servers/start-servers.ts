import { dockerAnswers, startElasticsearchContainer, startPostgresContainer } from "./docker.ts";
import type { ElasticsearchMajor } from "./jdk.ts";
import { startElasticsearch } from "./start-elasticsearch.ts";
import { startMinio } from "./start-minio.ts";
import { startMongodb } from "./start-mongodb.ts";
import { startMysql } from "./start-mysql.ts";
import { startPostgres } from "./start-postgres.ts";
import { startMilvus } from "./start-milvus.ts";
import { startRedis } from "./start-redis.ts";
import { startWeaviate } from "./start-weaviate.ts";

/** A server that answers at its URL until it is stopped. */
export interface Started {
  readonly url: string;
  /** Stops what was started, not what the environment named. Harmless when repeated. */
  readonly stop: () => Promise<void>;
}

export interface StartOptions {
  /** The newest possible when not given. */
  readonly elasticsearch?: ElasticsearchMajor | undefined;
  /** Gives up: what has started is stopped, and starting fails. */
  readonly signal?: AbortSignal | undefined;
}

interface ServerKind {
  /** Names a running server that is taken instead. */
  readonly variable: string;
  readonly start: (options: StartOptions) => Promise<Started>;
  /** Taken when a Docker engine answers. */
  readonly startContainer?: (options: StartOptions) => Promise<Started>;
}

/**
 * Every server that tests, the demo and experiments can ask for: one line for each, with its own file beside this one.
 */
const kinds = {
  postgres: { variable: "TEST_DATABASE_URL", start: startPostgres, startContainer: startPostgresContainer },
  elasticsearch: {
    variable: "TEST_ELASTICSEARCH_URL",
    start: ({ elasticsearch: major, signal }) => startElasticsearch({ major, signal }),
    startContainer: ({ elasticsearch: major }) => startElasticsearchContainer(major),
  },
  redis: { variable: "TEST_REDIS_URL", start: startRedis },
  weaviate: { variable: "TEST_WEAVIATE_URL", start: startWeaviate },
  milvus: { variable: "TEST_MILVUS_URL", start: startMilvus },
  mongodb: { variable: "TEST_MONGODB_URL", start: startMongodb },
  minio: { variable: "TEST_MINIO_URL", start: startMinio },
  mysql: { variable: "TEST_MYSQL_URL", start: startMysql },
} satisfies Record<string, ServerKind>;

export type ServerName = keyof typeof kinds;

export const serverNames = Object.keys(kinds) as ServerName[];

export function isServerName(name: string): name is ServerName {
  return Object.hasOwn(kinds, name);
}

/**
 * A server that answers: the one that the environment names, else a container when a Docker engine answers and there is
 * one, else a server of our own. Throws AppError that says what to install when it cannot be had.
 */
export async function startServer(name: ServerName, options: StartOptions = {}): Promise<Started> {
  const { variable, start, startContainer }: ServerKind = kinds[name];
  const given = process.env[variable];
  if (given) return { url: given, stop: async () => {} };
  if (startContainer !== undefined && (await dockerAnswers())) return startContainer(options);
  return start(options);
}

/** All of these, side by side. When one cannot be had, the others are stopped before this throws. */
export async function startAll<Name extends ServerName>(
  names: readonly Name[],
  options: StartOptions = {},
): Promise<{ urls: Record<Name, string>; stop: () => Promise<void> }> {
  const outcomes = await Promise.allSettled(names.map((name) => startServer(name, options)));
  const started = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const stop = async (): Promise<void> => void (await Promise.all(started.map((server) => server.stop())));
  if (started.length === names.length && !options.signal?.aborted) {
    const urls = Object.fromEntries(names.map((name, at) => [name, started[at]!.url])) as Record<Name, string>;
    return { urls, stop };
  }
  await stop();
  options.signal?.throwIfAborted();
  throw outcomes.find((outcome) => outcome.status === "rejected")?.reason;
}

export interface Servers {
  databaseUrl: string;
  elasticsearchUrl: string;
  stop: () => Promise<void>;
}

/** The two servers of workflow logs. */
export async function startServers(options: StartOptions = {}): Promise<Servers> {
  const { urls, stop } = await startAll(["postgres", "elasticsearch"], options);
  return { databaseUrl: urls.postgres, elasticsearchUrl: urls.elasticsearch, stop };
}
