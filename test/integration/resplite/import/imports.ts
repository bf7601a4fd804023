import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { startRedis } from "../../../../dev/servers/start-redis.ts";
import { noProgress } from "../../../../src/runs/progress.ts";
import { applyDirty, type ApplyOptions } from "../../../../src/resplite/import/apply-dirty.ts";
import { bulk, type BulkOptions, importDefaults } from "../../../../src/resplite/import/bulk.ts";
import { track, type TrackerReport } from "../../../../src/resplite/import/tracker/tracker.ts";
import { verify, type VerifyOptions } from "../../../../src/resplite/import/verify/verify.ts";
import { type BinaryClient, connectBinary } from "../../../../src/stores/redis/binary-client.ts";

export interface Import {
  readonly redis: Awaited<ReturnType<typeof startRedis>>;
  readonly client: BinaryClient;
  readonly from: string;
  readonly to: string;
  readonly runId: string;
}

/** A Redis of the test's own, a file that is not there yet, and a client; all end with the test. */
export async function startImport(flags: string[] = []): Promise<Import> {
  const redis = await startRedis({ flags });
  onTestFinished(() => redis.stop());
  const folder = await mkdtemp(path.join(tmpdir(), "resplite-import-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const client = await connectBinary({ uri: redis.url });
  onTestFinished(() => client.close());
  return { redis, client, from: redis.url, to: path.join(folder, "data.db"), runId: "run_001" };
}

const never = new AbortController().signal;
const fast = { ...importDefaults, maxRps: undefined };

export const bulkOnce = ({ from, to, runId }: Import, options: Partial<BulkOptions> = {}, signal = never) =>
  bulk({ ...fast, from, to, runId, scanCount: 1000, resume: true, ...options }, { signal, progress: noProgress });

export const applyOnce = (
  { from, to, runId }: Import,
  options: Partial<ApplyOptions> = {},
  signal = never,
  progress = noProgress,
) => applyDirty({ ...fast, from, to, runId, safetySweep: false, ...options }, { signal, progress });

export const verifyOnce = ({ from, to, runId }: Import, options: Partial<VerifyOptions> = {}, signal = never) =>
  verify({ from, to, runId, sample: "full", maxConcurrency: 8, ...options }, { signal, progress: noProgress });

/** A tracker that listens when this resolves; `stop` ends it and returns its report. */
export async function startTracking(
  { from, to, runId }: Import,
  channels: "keyevent" | "keyspace" = "keyevent",
): Promise<{ stop: () => Promise<TrackerReport> }> {
  const stopping = new AbortController();
  let ended: Promise<TrackerReport> | undefined;
  await new Promise<void>((started, failed) => {
    ended = track({ from, to, runId, channels }, { signal: stopping.signal, note: () => {}, started });
    ended.catch(failed);
  });
  return {
    stop: () => {
      stopping.abort();
      return ended!;
    },
  };
}
