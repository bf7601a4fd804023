import type { Command } from "commander";
import { z } from "zod";
import { runWorker, type WorkerReport } from "../../workflow-logs/worker.ts";
import { operator } from "../operator.ts";
import { wholeNumber } from "../options.ts";
import { action, type Session } from "../run-command.ts";
import { withStores } from "../wiring.ts";

/** More connections than the pool has would make jobs wait for one another. */
const mostJobs = 8;

export function addWorker(program: Command, session: Session): void {
  program
    .command("worker")
    .description("Do what is scheduled, until it is stopped; any number may run")
    .option("--concurrency <n>", "jobs at a time; of sweeps only one goes at a time", "1")
    .action(
      action(session, {
        logLevel: "info",
        options: z.object({ concurrency: wholeNumber(1, mostJobs) }),
        run: ({ concurrency }, context) =>
          withStores(context, async (connections) => {
            const report = await runWorker(connections, { concurrency, worker: operator() }, context);
            context.output.result(report, () => workerText(report));
          }),
      }),
    );
}

function workerText({ completed, failed, interrupted }: WorkerReport): string {
  return `Stopped. Sweeps: ${completed} completed, ${failed} attempts failed, ${interrupted} interrupted`;
}
