import { type Client, errors } from "@elastic/elasticsearch";
import type { Pool } from "pg";
import { AppError } from "../engine/errors.ts";
import type { SlowLog } from "../engine/log.ts";
import type { BlobStorage } from "../stores/blobs/blob-storage.ts";
import { createClient, type ElasticsearchConnection } from "../stores/elasticsearch/client.ts";
import { describeElasticsearchError } from "../stores/elasticsearch/errors.ts";
import type { TemplateSettings } from "../stores/elasticsearch/indices/template-files.ts";
import { watchRequests } from "../stores/elasticsearch/slow-requests.ts";
import { describePostgresError } from "../stores/postgres/errors.ts";
import { createPool } from "../stores/postgres/connection/pool.ts";
import { Archive } from "./archive/archive.ts";
import { type StateDatabase, stateDatabase } from "./state/database.ts";
import type { SaveTime } from "./save-time.ts";
import type { SearchTextMode } from "./documents/search-text.ts";

/** What the use cases work with: both stores, and how the archive is to look. */
export interface Connections {
  readonly postgres: Pool;
  readonly state: StateDatabase;
  readonly elasticsearch: Client;
  readonly settings: ArchiveSettings;
  /** Whose indices may be read as ours, and whether this database may write into them. */
  readonly archive: Archive;
  /** The platform's file storage, where contents are to be loaded from it. */
  readonly blobs?: BlobStorage | undefined;
}

export interface ArchiveSettings extends SaveTime {
  readonly template: TemplateSettings;
  readonly searchText: SearchTextMode;
  /** The zone of the source's timestamps without zone. */
  readonly sourceTimeZone: string;
  /** Attempts after the first when Elasticsearch does not answer. */
  readonly maxRetries: number;
  readonly retentionDays: number;
}

export interface ConnectionOptions {
  readonly databaseUrl: string;
  readonly elasticsearch: ElasticsearchConnection;
  readonly settings: ArchiveSettings;
  /** Slow statements and requests are logged, by their shape. */
  readonly slow?: SlowLog | undefined;
  /** Most connections to PostgreSQL. */
  readonly poolSize?: number | undefined;
}

/**
 * Runs `work` with both stores open and closes them. Errors of the drivers arrive as AppErrors that say what to do.
 *
 * @example
 * ```ts
 * import { connectionOptions, parseConfig, status, withConnections } from "log-archive";
 *
 * const options = connectionOptions(parseConfig(process.env));
 * const report = await withConnections(options, (connections) => status(connections, []));
 * console.log(report.coverage);
 * ```
 */
export async function withConnections<T>(
  options: ConnectionOptions,
  work: (connections: Connections) => Promise<T>,
): Promise<T> {
  const { connections, close } = openConnections(options);
  try {
    return await work(connections);
  } catch (error) {
    throw describeStoreError(error);
  } finally {
    await close();
  }
}

/** Both stores, which the caller has to close. Nothing is sent before it is needed. */
export function openConnections(options: ConnectionOptions): {
  readonly connections: Connections;
  readonly close: () => Promise<void>;
} {
  const elasticsearch = createClient(options.elasticsearch);
  if (options.slow !== undefined) watchRequests(elasticsearch, options.slow);
  const postgres = createPool(options.databaseUrl, options.poolSize, options.slow);
  return {
    connections: connectionsOf({ postgres, elasticsearch, settings: options.settings }),
    close: async () => void (await Promise.allSettled([postgres.end(), elasticsearch.close()])),
  };
}

/** What the use cases work with, over open stores. */
export function connectionsOf(stores: Pick<Connections, "postgres" | "elasticsearch" | "settings">): Connections {
  const state = stateDatabase(stores.postgres);
  return { ...stores, state, archive: new Archive({ ...stores, state }) };
}

/** An error of either driver as an AppError; any other error as it is. */
export function describeStoreError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (error instanceof errors.ElasticsearchClientError) return describeElasticsearchError(error);
  return describePostgresError(error) ?? error;
}
