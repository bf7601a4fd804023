import { setTimeout as sleep } from "node:timers/promises";
import type { JobTimings } from "../../src/stores/postgres/jobs/job-timings.ts";
import { runWorker } from "../../src/workflow-logs/worker.ts";
import type { Stores } from "./compare-stores.ts";
import type { TestArchive } from "./test-archive.ts";
import { withTestConnections } from "./test-connections.ts";

/** As short as pg-boss allows: a killed worker is noticed after 10 seconds of silence. */
export const shortTimings: JobTimings = {
  retryLimit: 2,
  retryDelaySeconds: 1,
  longestRetryDelaySeconds: 2,
  heartbeatSeconds: 10,
  superviseSeconds: 1,
};

export const everyFiveSeconds = "*/5 * * * * *";

export type LogLine = Record<string, unknown> & { msg: string };

export interface WorkerHere {
  log: LogLine[];
  /** Stops it and waits for its end. */
  stop(): Promise<void>;
}

/** The worker inside the test's own process. */
export function startWorkerHere(stores: Stores): WorkerHere {
  const log: LogLine[] = [];
  const stopping = new AbortController();
  const write = (fields: object, msg: string): void => void log.push({ ...fields, msg });
  const end = withTestConnections(stores, { settings: { maxRetries: 0 }, timeoutSeconds: 10 }, (connections) =>
    runWorker(
      connections,
      { concurrency: 1, worker: "worker here", timings: shortTimings },
      { signal: stopping.signal, log: { debug: write, info: write, warn: write, error: write } },
    ),
  );
  end.catch(() => {}); // it is awaited by stop
  return {
    log,
    async stop() {
      stopping.abort();
      await end;
    },
  };
}

export interface SweepJob {
  id: string;
  state: string;
  attempts: number;
  at: Date;
  started: Date | null;
  completed: Date | null;
  output: Record<string, unknown> | null;
}

/** The jobs of scheduled sweeps, by age. */
export async function sweepJobs({ sql }: TestArchive): Promise<SweepJob[]> {
  const { rows } = await sql.query<SweepJob>(
    `SELECT id, state::text, retry_count + 1 AS attempts, created_on AT TIME ZONE 'UTC' AS at, started_on AS started, completed_on AS completed, output
     FROM log_archive_jobs.job WHERE name = 'retention-sweep' ORDER BY created_on`,
  );
  return rows;
}

/** Resolves with what `look` returns as soon as it returns something. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 60): Promise<T> {
  const giveUp = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > giveUp) throw new Error(`${what}: not within ${seconds} seconds`);
    await sleep(100);
  }
}
