import { transfer, type TransferEnd } from "../../../engine/transfer.ts";
import type { Run } from "../../../runs/run.ts";
import type { ProgressSink } from "../../../runs/progress.ts";
import type { BinaryClient } from "../../../stores/redis/binary-client.ts";
import type { Data } from "../../data/data.ts";
import { compareKeys } from "../verify/compare-key.ts";
import { deltaCopier } from "../copy/delta-copier.ts";
import { DirtyRegistry } from "./dirty-keys.ts";
import { type KeyBatch, ScanSource } from "../source/scan-source.ts";
import { noteSweep } from "./tracker-sessions.ts";
import { extraBatches } from "../verify/extra-keys.ts";

export interface SweepReport {
  /** Keys that were compared. */
  readonly compared: number;
  /** Keys that differed, and were imported again or deleted. */
  readonly repaired: number;
  /** `time` when the limit came first: the rest was not compared. */
  readonly end: TransferEnd | "time";
}

export interface SweepOptions {
  readonly runId: string;
  readonly batchBytes: number;
  /** Ends after this long; what was not compared by then stays as it is. */
  readonly maxSeconds?: number | undefined;
}

/**
 * Compares every key of both sides and puts right what differs. Whole, it settles all that was not noted before it
 * began.
 */
export async function sweep(
  data: Data,
  redis: BinaryClient,
  options: SweepOptions,
  run: Run,
  progress: ProgressSink,
): Promise<SweepReport> {
  const startedAt = Date.now();
  const until = performance.now() + (options.maxSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const registry = new DirtyRegistry(data.file, options.runId);
  const copy = deltaCopier(data, redis, registry, options, run);
  const count = { compared: 0, repaired: 0 };
  const sink = {
    write: async ({ keys }: KeyBatch) => {
      const differences = await compareKeys(redis, data, keys);
      const different = keys.filter((_, at) => differences[at] !== undefined && differences[at] !== "unsupported");
      if (different.length > 0) await copy(different);
      count.compared += keys.length;
      count.repaired += different.length;
      progress.advanced("sweep", keys.length, 0);
      return { written: keys.length, refused: [] };
    },
  };
  const scan = new ScanSource(redis, {
    from: "0",
    scanCount: () => 1000,
    batchKeys: () => run.pacing.limits.batchRows,
    beforePage: async () => {},
  });
  const source = {
    async *batches(signal: AbortSignal) {
      for await (const batch of scan.batches(signal)) {
        if (performance.now() > until) return;
        yield batch;
      }
      for await (const batch of extraBatches(redis, data, () => run.pacing.limits.batchRows, signal)) {
        if (performance.now() > until) return;
        yield batch;
      }
    },
  };
  const end = await transfer<KeyBatch>(
    { source, sink, checkpoint: { confirm: async () => {} }, pacing: run.pacing },
    run.signal,
  );
  if (end === "interrupted") return { ...count, end };
  if (performance.now() > until) return { ...count, end: "time" };
  noteSweep(data.file, options.runId, startedAt);
  return { ...count, end };
}
