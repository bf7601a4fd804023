import { createClient } from "../../src/stores/elasticsearch/client.ts";
import { createPool } from "../../src/stores/postgres/connection/pool.ts";
import { type ArchiveSettings, type Connections, connectionsOf } from "../../src/workflow-logs/connections.ts";
import { testLayout } from "./layout.ts";
import type { Stores } from "./compare-stores.ts";

export interface TestSettings {
  readonly settings?: Partial<ArchiveSettings> | undefined;
  /** Of each request to Elasticsearch. */
  readonly timeoutSeconds?: number | undefined;
}

/** Runs a use case of the library over connections of its own. Errors of the drivers arrive as they are. */
export async function withTestConnections<T>(
  stores: Stores,
  { settings, timeoutSeconds = 30 }: TestSettings,
  work: (connections: Connections) => Promise<T>,
): Promise<T> {
  const maxRetries = settings?.maxRetries ?? 3;
  const postgres = createPool(stores.databaseUrl);
  const elasticsearch = createClient({
    hosts: [stores.elasticsearchUrl],
    useSsl: false,
    verifyCerts: true,
    timeoutSeconds,
    maxRetries,
  });
  try {
    return await work(
      connectionsOf({
        postgres,
        elasticsearch,
        settings: {
          template: { prefix: stores.prefix, layout: testLayout, shards: 1, replicas: 0, refreshInterval: "30s" },
          searchText: "bounded",
          sourceTimeZone: "UTC",
          maxRetries,
          retentionDays: 30,
          ...settings,
        },
      }),
    );
  } finally {
    await postgres.end();
    await elasticsearch.close();
  }
}
