import { pino } from "pino";
import type { JobTimings } from "../../src/stores/postgres/jobs/job-timings.ts";
import { runWorker } from "../../src/workflow-logs/worker.ts";
import type { Stores } from "./compare-stores.ts";
import { withTestConnections } from "./test-connections.ts";

interface WorkerArguments {
  stores: Stores;
  name: string;
  timings: JobTimings;
}

const { stores, name, timings } = JSON.parse(process.argv[2]!) as WorkerArguments;
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

await withTestConnections(stores, { settings: { maxRetries: 0 }, timeoutSeconds: 10 }, (connections) =>
  runWorker(
    connections,
    { concurrency: 1, worker: name, timings },
    { signal: stop.signal, log: pino({ base: null }, pino.destination(2)) },
  ),
);
