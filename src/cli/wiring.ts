import type { Client } from "@elastic/elasticsearch";
import { existsSync } from "node:fs";
import { connectionOptions } from "../config/connection-options.ts";
import type { ConfigOf } from "../config/read-sections.ts";
import { elasticsearch, type ElasticsearchConfig } from "../config/sections/elasticsearch.ts";
import type { StorageConfig } from "../config/sections/platform-storage.ts";
import { postgres as database } from "../config/sections/postgres.ts";
import { slowQueryMs } from "../config/sections/slow-queries.ts";
import { stateFile } from "../config/sections/state-file.ts";
import { sourceTimeZone } from "../config/sections/source-time-zone.ts";
import { UsageError } from "../engine/errors.ts";
import type { Log, SlowLog } from "../engine/log.ts";
import type { AskedHome } from "../runs/all-homes.ts";
import { validatePrefix } from "../stores/elasticsearch/indices/index-names.ts";
import type { Pool } from "../stores/postgres/connection/pool.ts";
import type { Connections } from "../workflow-logs/connections.ts";
import type { StateDatabase } from "../workflow-logs/state/database.ts";
import type { CommandContext } from "./context.ts";
import { warnOfUnverified } from "./unverified.ts";

// Drivers are imported where they are used: help, completion and wrong arguments need none of them.

/** What withDatabase and withState need of the configuration. */
export const databaseConfig = { database, slowQueryMs };

/** What withRunHomes needs of it. */
export const runHomesConfig = { database, stateFile };

/** What withStores needs of it. */
export const storesConfig = { database, sourceTimeZone, elasticsearch, slowQueryMs };

export type DatabaseContext = CommandContext<ConfigOf<typeof databaseConfig>>;
type StoresContext = CommandContext<ConfigOf<typeof storesConfig>>;

/** Runs `work` with both stores open as the configuration says. Refuses while Elasticsearch is switched off. */
export async function withStores<T>(
  { config, log, metrics, tracing }: StoresContext,
  work: (connections: Connections) => Promise<T>,
  poolSize?: number,
): Promise<T> {
  requireEnabled(config.elasticsearch);
  validatePrefix(config.elasticsearch.indexPrefix);
  warnOfUnverified(config, log);
  const { withConnections } = await import("../workflow-logs/connections.ts");
  const options = { ...connectionOptions(config), slow: slowLog(config, log, tracing), poolSize };
  return withConnections(options, (connections) => {
    metrics?.watch(connections);
    tracing?.watch(connections);
    return work(connections);
  });
}

/** Runs `work` with Elasticsearch alone. Refuses while it is switched off. */
export async function withElasticsearch<T>(
  { config, log }: CommandContext<{ readonly elasticsearch: ElasticsearchConfig }>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  requireEnabled(config.elasticsearch);
  warnOfUnverified(config, log);
  const { createClient } = await import("../stores/elasticsearch/client.ts");
  const { describeStoreError } = await import("../workflow-logs/connections.ts");
  const client = createClient(config.elasticsearch);
  try {
    return await work(client);
  } catch (error) {
    throw describeStoreError(error);
  } finally {
    await client.close();
  }
}

/**
 * The connections, with the platform's file storage where it is needed. Throws UsageError for one that cannot be read.
 */
export async function withFileStorage(
  { config }: CommandContext<{ readonly storage: StorageConfig }>,
  connections: Connections,
  isNeeded: boolean,
): Promise<Connections> {
  if (!isNeeded) return connections;
  const { blobStorage } = await import("../stores/blobs/open-blob-storage.ts");
  return { ...connections, blobs: blobStorage(config.storage) };
}

/** The source database, and the program's own tables in it. */
export type Database = Pick<Connections, "postgres" | "state">;

/** Runs `work` with the source database alone. */
export async function withDatabase<T>(
  { config, log, tracing }: DatabaseContext,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  warnOfUnverified(config, log);
  const { createPool } = await import("../stores/postgres/connection/pool.ts");
  const { stateDatabase } = await import("../workflow-logs/state/database.ts");
  const { describeStoreError } = await import("../workflow-logs/connections.ts");
  const postgres: Pool = createPool(config.database.url, undefined, slowLog(config, log, tracing));
  try {
    return await work({ postgres, state: stateDatabase(postgres) });
  } catch (error) {
    throw describeStoreError(error);
  } finally {
    await postgres.end();
  }
}

/** Runs `work` with our own tables, or with undefined where there are none yet. */
export function withState<T>(
  context: DatabaseContext,
  work: (state: StateDatabase | undefined) => Promise<T>,
): Promise<T> {
  return withDatabase(context, async ({ state }) => {
    const { appliedMigrations } = await import("../workflow-logs/state/upgrade.ts");
    return work((await appliedMigrations(state)).length > 0 ? state : undefined);
  });
}

/**
 * Runs `work` with every home of runs there is: the state file when it exists, the file `to` of an import when one is
 * given, and PostgreSQL when a variable names it or nothing else is there. They are closed afterwards. Throws
 * UsageError when there is no file `to`.
 */
export async function withRunHomes<T>(
  { config, log }: CommandContext<ConfigOf<typeof runHomesConfig>>,
  to: string | undefined,
  work: (homes: readonly AskedHome[]) => Promise<T>,
): Promise<T> {
  const imports = to === undefined ? undefined : (await import("../resplite/import/asked-file.ts")).askedImportFile(to);
  const hasStateFile = existsSync(config.stateFile);
  const { isNamed, url } = config.database;
  const asksDatabase = isNamed || (!hasStateFile && imports === undefined);
  if (asksDatabase) warnOfUnverified(config, log);
  const archive = asksDatabase ? await askedDatabase(url) : undefined;
  const file = hasStateFile
    ? (await import("../stores/sqlite/run-home.ts")).askedStateFile(config.stateFile)
    : undefined;
  try {
    return await work([archive, file, imports].filter((home) => home !== undefined));
  } finally {
    imports?.close();
    file?.close();
    await archive?.close();
  }
}

async function askedDatabase(url: string): Promise<AskedHome & { close(): Promise<void> }> {
  const { createPool } = await import("../stores/postgres/connection/pool.ts");
  const { stateDatabase } = await import("../workflow-logs/state/database.ts");
  const { askedArchive } = await import("../workflow-logs/run-home.ts");
  const pool = createPool(url);
  return { ...askedArchive(stateDatabase(pool)), close: () => pool.end() };
}

function slowLog(
  { slowQueryMs: millis }: Pick<StoresContext["config"], "slowQueryMs">,
  log: Log,
  tracing: CommandContext["tracing"],
): SlowLog | undefined {
  return millis === undefined ? undefined : { millis, log: tracing?.slow(log) ?? log };
}

export function requireEnabled({ enabled, hosts }: ElasticsearchConfig): void {
  if (enabled) return;
  if (hosts.length === 0) {
    throw new UsageError("elasticsearch_not_configured", "No Elasticsearch is configured.", {
      hint: 'Set ELASTICSEARCH_HOSTS, such as ["http://localhost:9200"], in the environment or in .env.',
    });
  }
  throw new UsageError("elasticsearch_disabled", "Elasticsearch is switched off by ELASTICSEARCH_ENABLED=false.", {
    hint: "Set ELASTICSEARCH_ENABLED=true to use it again. Nothing was touched.",
  });
}
