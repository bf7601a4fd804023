import type { WorkerReport } from "../../workflow-logs/worker.ts";
import { command } from "../command.ts";
import { operator } from "../../runs/operator.ts";
import { value } from "../options/flags.ts";
import { wholeNumber } from "../options/values.ts";
import { storesConfig, withStores } from "../wiring.ts";

/** More connections than the pool has would make jobs wait for one another. */
const mostJobs = 8;

export default command({
  flags: {
    concurrency: value("jobs at a time; of sweeps only one goes at a time", wholeNumber(1, mostJobs).default(1)),
  },
  examples: [["worker --log-level warn", "log failures alone; best kept running by systemd or Kubernetes"]],
  logLevel: "info",
  config: storesConfig,
  run: ({ concurrency }, context) =>
    withStores(context, async (connections) => {
      const { runWorker } = await import("../../workflow-logs/worker.ts");
      const report = await runWorker(connections, { concurrency, worker: operator() }, context);
      context.output.result(report, () => workerText(report));
    }),
});

function workerText({ completed, failed, interrupted }: WorkerReport): string {
  return `Stopped. Sweeps: ${completed} completed, ${failed} attempts failed, ${interrupted} interrupted`;
}
