import type { Config } from "./config.ts";

type Connected = Pick<Config, "elasticsearch" | "database" | "sourceTimeZone">;

/** What `withConnections` of the library takes. */
export function connectionOptions({ elasticsearch, database, sourceTimeZone }: Connected) {
  return {
    databaseUrl: database.url,
    // while Elasticsearch is off nothing is sent to it, but a client cannot be made without an address
    elasticsearch: elasticsearch.hosts.length > 0 ? elasticsearch : { ...elasticsearch, hosts: ["localhost:9200"] },
    settings: {
      template: {
        prefix: elasticsearch.indexPrefix,
        layout: elasticsearch.indexLayout,
        shards: elasticsearch.numberOfShards,
        replicas: elasticsearch.numberOfReplicas,
        refreshInterval: elasticsearch.refreshInterval,
        codec: elasticsearch.codec,
      },
      searchText: elasticsearch.searchText,
      sourceTimeZone,
      maxRetries: elasticsearch.maxRetries,
      retentionDays: elasticsearch.retentionDays,
      saveTimeoutSeconds: elasticsearch.saveTimeoutSeconds,
    },
  };
}
