import { type Connections, withConnections } from "../../src/workflow-logs/connections.ts";
import type { SampleArchive } from "./sample-archive.ts";

/** Works with the archive through the library, with the program's defaults. */
export function withArchive<T>(archive: SampleArchive, work: (connections: Connections) => Promise<T>): Promise<T> {
  const { databaseUrl, elasticsearchUrl, prefix } = archive;
  const template = { prefix, shards: 1, replicas: 0, refreshInterval: "30s" };
  return withConnections(
    {
      databaseUrl,
      elasticsearch: { hosts: [elasticsearchUrl], useSsl: false, verifyCerts: true, timeoutSeconds: 60, maxRetries: 3 },
      settings: { template, searchText: "bounded", sourceTimeZone: "UTC", maxRetries: 3, retentionDays: 30 },
    },
    work,
  );
}
