import { startElasticsearch } from "../../dev/servers/start-elasticsearch.ts";
import { startPostgres } from "../../dev/servers/start-postgres.ts";
import type { RunningServer } from "../../dev/servers/running-server.ts";

/** Starts servers that nobody else uses, whatever the environment names: their processor time is measured. They end with `work`. */
export async function withBenchServers<T>(
  signal: AbortSignal,
  work: (servers: { postgres: RunningServer; elasticsearch: RunningServer }) => Promise<T>,
): Promise<T> {
  const outcomes = await Promise.allSettled([
    startPostgres({ flags: ["-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"], signal }),
    startElasticsearch({ heap: "2g", signal }),
  ]);
  const [postgres, elasticsearch] = outcomes;
  try {
    if (postgres.status === "rejected") throw postgres.reason;
    if (elasticsearch.status === "rejected") throw elasticsearch.reason;
    return await work({ postgres: postgres.value, elasticsearch: elasticsearch.value });
  } finally {
    const started = outcomes.filter((outcome) => outcome.status === "fulfilled");
    await Promise.all(started.map((outcome) => outcome.value.stop()));
  }
}
