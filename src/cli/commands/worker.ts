import type { WorkerReport } from "../../workflow-logs/worker.ts";
import { command } from "../command.ts";
import { noProgress } from "../../runs/progress.ts";
import { platformStorage } from "../../config/sections/platform-storage.ts";
import { workerName } from "../../runs/operator.ts";
import type { BlobStorage } from "../../stores/blobs/blob-storage.ts";
import type { Connections } from "../../workflow-logs/connections.ts";
import { value } from "../options/flags.ts";
import { wholeNumber } from "../options/values.ts";
import type { CommandContext } from "../context.ts";
import type { Pool } from "../../stores/postgres/connection/pool.ts";
import { storesConfig, withDatabase, withStores } from "../wiring.ts";

const mostPartitions = 32;
/** One that holds its locks, and what reads and confirms beside it. */
const connectionsOfPartition = 3;
const connectionsBeside = 8;

export default command({
  flags: {
    concurrency: value(
      "partitions of distributed runs at a time; of sweeps only one goes at a time",
      wholeNumber(1, mostPartitions).default(1),
    ),
  },
  examples: [
    ["worker --concurrency 4", "four partitions of distributed runs at a time"],
    ["worker --log-level warn", "log failures alone; best kept running by systemd or Kubernetes"],
  ],
  logLevel: "info",
  config: { ...storesConfig, storage: platformStorage },
  run: async ({ concurrency }, context) => {
    const { elasticsearch } = context.config;
    if (!elasticsearch.enabled && (await withDatabase(context, ({ postgres }) => hasBackups(postgres))))
      return withDatabase(context, async ({ postgres }) => {
        await backups(postgres, context, context.signal);
        context.output.result({}, () => "Stopped.");
      });
    const poolSize = connectionsBeside + connectionsOfPartition * concurrency;
    const work = async (connections: Connections): Promise<void> => {
      const { runWorker } = await import("../../workflow-logs/worker.ts");
      const openBlobs = async (): Promise<BlobStorage> => {
        const { blobStorage } = await import("../../stores/blobs/open-blob-storage.ts");
        return blobStorage(context.config.storage);
      };
      const options = { concurrency, worker: workerName(), openBlobs };
      const report = await together(context.signal, (signal) => [
        runWorker(connections, options, { signal, log: context.log, progress: context.hooks.watch(noProgress) }),
        backups(connections.postgres, context, signal),
      ]);
      context.output.result(report, () => workerText(report));
    };
    await withStores(context, work, poolSize);
  },
});

async function hasBackups(postgres: Pool): Promise<boolean> {
  const { backupSchedule } = await import("../../layra/backup/schedule.ts");
  return (await backupSchedule(postgres)) !== null;
}

/** Does what `app stores schedule` says. */
async function backups(postgres: Pool, context: CommandContext, signal: AbortSignal): Promise<void> {
  const { workBackups } = await import("../../layra/backup/schedule.ts");
  const { backUpPlanned } = await import("./stores/planned-backup.ts");
  await workBackups(postgres, {
    signal,
    log: context.log,
    backUp: (plan, stop) => backUpPlanned(context, plan, stop),
  });
}

/** The first's result when both have ended. Where one fails the other is stopped, and the failure thrown. */
async function together<T>(
  signal: AbortSignal,
  begin: (signal: AbortSignal) => readonly [Promise<T>, Promise<unknown>],
): Promise<T> {
  const failure = new AbortController();
  const both = begin(AbortSignal.any([signal, failure.signal]));
  for (const one of both) one.catch(() => failure.abort());
  await Promise.allSettled(both);
  const [first] = await Promise.all(both);
  return first;
}

function workerText({ completed, failed, interrupted, partitions }: WorkerReport): string {
  const ofRuns = `Partitions: ${partitions.completed} done, ${partitions.interrupted} given back`;
  return `Stopped. Sweeps: ${completed} completed, ${failed} attempts failed, ${interrupted} interrupted. ${ofRuns}`;
}
