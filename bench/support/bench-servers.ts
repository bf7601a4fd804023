import { startElasticsearch } from "../../dev/servers/start-elasticsearch.ts";
import { startPostgres } from "../../dev/servers/start-postgres.ts";
import type { RunningServer } from "../../dev/servers/running-server.ts";

/**
 * Works with servers that nobody else uses, whatever the environment names: their processor time is measured. `signal`
 * ends their start; once they answer it is `work` that stops at it, in order, while they still answer.
 */
export async function withBenchServers<T>(
  signal: AbortSignal,
  work: (servers: { postgres: RunningServer; elasticsearch: RunningServer }) => Promise<T>,
): Promise<T> {
  const starting = new AbortController();
  const giveUp = (): void => starting.abort();
  signal.addEventListener("abort", giveUp, { once: true });
  const outcomes = await Promise.allSettled([
    startPostgres({ flags: ["-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"], signal: starting.signal }),
    startElasticsearch({ heap: "2g", signal: starting.signal }),
  ]);
  signal.removeEventListener("abort", giveUp);
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
