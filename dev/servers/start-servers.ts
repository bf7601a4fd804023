import { dockerAnswers, startElasticsearchContainer, startPostgresContainer } from "./docker.ts";
import type { ElasticsearchMajor } from "./jdk.ts";
import { startElasticsearch } from "./start-elasticsearch.ts";
import { startPostgres } from "./start-postgres.ts";

export interface Servers {
  databaseUrl: string;
  elasticsearchUrl: string;
  /** Stops what was started, not what the environment named. Harmless when repeated. */
  stop: () => Promise<void>;
}

export interface ServersOptions {
  elasticsearch?: ElasticsearchMajor | undefined;
  /** Gives up: what has started is stopped, and starting fails. */
  signal?: AbortSignal | undefined;
}

interface Started {
  url: string;
  stop: () => Promise<void>;
}

/**
 * A PostgreSQL and an Elasticsearch that answer: those of TEST_DATABASE_URL and TEST_ELASTICSEARCH_URL, else containers when a
 * Docker engine answers, else servers of our own. When one cannot be had, the other is stopped before this throws.
 */
export async function startServers(options: ServersOptions = {}): Promise<Servers> {
  const given = { database: process.env["TEST_DATABASE_URL"], elasticsearch: process.env["TEST_ELASTICSEARCH_URL"] };
  const docker = (!given.database || !given.elasticsearch) && (await dockerAnswers());
  const { elasticsearch: major, signal } = options;
  const outcomes = await Promise.allSettled([
    given.database ? running(given.database) : docker ? startPostgresContainer() : startPostgres({ signal }),
    given.elasticsearch
      ? running(given.elasticsearch)
      : docker
        ? startElasticsearchContainer(major)
        : startElasticsearch({ major, signal }),
  ]);
  const [database, elasticsearch] = outcomes;
  const stop = async () => {
    const started = outcomes.filter((outcome) => outcome.status === "fulfilled");
    await Promise.all(started.map((outcome) => outcome.value.stop()));
  };
  if (database.status === "fulfilled" && elasticsearch.status === "fulfilled" && !signal?.aborted) {
    return { databaseUrl: database.value.url, elasticsearchUrl: elasticsearch.value.url, stop };
  }
  await stop();
  signal?.throwIfAborted();
  throw outcomes.find((outcome) => outcome.status === "rejected")?.reason;
}

async function running(url: string): Promise<Started> {
  return { url, stop: async () => {} };
}
