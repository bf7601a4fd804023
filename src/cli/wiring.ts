import type { Config } from "../config/config.ts";
import { connectionOptions } from "../config/connection-options.ts";
import { UsageError } from "../engine/errors.ts";
import { blobStorage } from "../stores/blobs/blob-storage.ts";
import { validatePrefix } from "../stores/elasticsearch/indices/index-names.ts";
import { createPool, type Pool } from "../stores/postgres/pool.ts";
import { type StateDatabase, stateDatabase } from "../workflow-logs/state/database.ts";
import { appliedMigrations } from "../workflow-logs/state/upgrade.ts";
import { type Connections, describeStoreError, withConnections } from "../workflow-logs/connections.ts";
import type { CommandContext } from "./context.ts";

/** Runs `work` with both stores open as the configuration says. Refuses while Elasticsearch is switched off. */
export function withStores<T>(context: CommandContext, work: (connections: Connections) => Promise<T>): Promise<T> {
  const config = context.config();
  requireEnabled(config);
  validatePrefix(config.elasticsearch.indexPrefix);
  return withConnections(connectionOptions(config), work);
}

/** The connections, with the platform's file storage where it is needed. Throws UsageError for one that cannot be read. */
export function withFileStorage(context: CommandContext, connections: Connections, isNeeded: boolean): Connections {
  return isNeeded ? { ...connections, blobs: blobStorage(context.config().storage) } : connections;
}

/** Runs `work` with the source database alone. */
export async function withDatabase<T>(context: CommandContext, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = createPool(context.config().database.url);
  try {
    return await work(pool);
  } catch (error) {
    throw describeStoreError(error);
  } finally {
    await pool.end();
  }
}

/** Runs `work` with our own tables, or with undefined where there are none yet. */
export function withState<T>(
  context: CommandContext,
  work: (state: StateDatabase | undefined) => Promise<T>,
): Promise<T> {
  return withDatabase(context, async (pool) => {
    const state = stateDatabase(pool);
    return work((await appliedMigrations(state)).length > 0 ? state : undefined);
  });
}

function requireEnabled({ elasticsearch }: Config): void {
  if (elasticsearch.enabled) return;
  if (elasticsearch.hosts.length === 0) {
    throw new UsageError("elasticsearch_not_configured", "No Elasticsearch is configured.", {
      hint: 'Set ELASTICSEARCH_HOSTS, such as ["http://localhost:9200"], in the environment or in .env.',
    });
  }
  throw new UsageError("elasticsearch_disabled", "Elasticsearch is switched off by ELASTICSEARCH_ENABLED=false.", {
    hint: "Set ELASTICSEARCH_ENABLED=true to use it again. Nothing was touched.",
  });
}
