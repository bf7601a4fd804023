import { type TransferEnd, transfer } from "../../engine/transfer.ts";
import { inRun, type Run } from "../../runs/run.ts";
import type { Batch } from "../../engine/ports.ts";
import { type BinaryClient, withoutPassword } from "../../stores/redis/binary-client.ts";
import type { Data } from "../data/data.ts";
import type { ImportLimits, ImportWatch } from "./bulk.ts";
import { deltaCopier } from "./copy/delta-copier.ts";
import { openImportFile } from "./import-file.ts";
import { importHome } from "./import-home.ts";
import { type ImportReport, importReport } from "./import-report.ts";
import { DirtyRegistry, type PendingKey } from "./tracker/dirty-keys.ts";
import { detailsOf, knownRun } from "./run-record.ts";
import { requireSameSource } from "./source/same-source.ts";
import { connectSource } from "./source/source-server.ts";
import { type SweepReport, sweep } from "./tracker/sweep.ts";
import { tracked } from "./tracker/tracker-barrier.ts";
import { type Gap, newestSweep, TrackerSessions } from "./tracker/tracker-sessions.ts";

export interface ApplyOptions extends ImportLimits {
  readonly runId: string;
  readonly from: string;
  readonly to: string;
  /** Compares everything afterwards, and puts right what differs. Done by itself where a tracker has been away. */
  readonly safetySweep: boolean;
  /** Ends the sweep after this long; what it has not come to stays as it is. */
  readonly maxSeconds?: number | undefined;
}

export interface ApplyReport extends ImportReport {
  readonly applied: number;
  readonly deleted: number;
  readonly failed: number;
  /** When nobody noted what changed; settled when `sweep` is whole. */
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
  /** Whether a tracker of this run has ever listened. */
  readonly wasTracked: boolean;
  readonly sweep: SweepReport | null;
}

/**
 * Brings every key that was noted to what Redis has now. While the source is written to, keys that change again wait
 * for the next call; after the freeze nothing waits. Where the tracker has been away since the bulk import began,
 * everything is compared, too, and what was noted meanwhile is applied.
 */
export async function applyDirty(options: ApplyOptions, { signal, progress }: ImportWatch): Promise<ApplyReport> {
  const { runId, from, to } = options;
  using data = openImportFile(to);
  const before = knownRun(data.file, runId);
  requireSameSource(data.file, runId, from);
  const redis = await connectSource(from);
  const registry = new DirtyRegistry(data.file, runId);
  const sessions = new TrackerSessions(data.file, runId);
  const started = performance.now();
  let gaps: Gap[] = [];
  let swept: SweepReport | null = null;
  const report = (): ApplyReport => {
    const whole = importReport(data.file, runId, { started, before });
    return {
      ...whole,
      applied: whole.dirty.applied - before.dirty_keys_applied,
      deleted: whole.dirty.deleted - before.dirty_keys_deleted,
      failed: whole.dirtyByState.error,
      gaps: gaps.map((gap) => ({ from: new Date(gap.from).toISOString(), to: new Date(gap.to).toISOString() })),
      wasTracked: sessions.hasAny(),
      sweep: swept,
    };
  };
  try {
    const limits = {
      concurrency: options.maxConcurrency,
      batchRows: options.batchKeys,
      recordsPerSecond: options.maxRps,
      bytesPerSecond: options.maxBytesRate,
    };
    const end = await inRun(
      importHome(data, to, runId, "apply-dirty", limits),
      {
        command: "resplite apply-dirty",
        options: { ...options, from: withoutPassword(from) },
        limits,
        continues: runId,
        report,
      },
      { signal, progress },
      async (run) => {
        registry.retryErrors();
        /** Whether a tracker had noted everything before what waits was applied. */
        const applyNoted = async (): Promise<{ isTracked: boolean; end: TransferEnd }> => {
          const isTracked = await tracked(redis, data.file, sessions, options, run.signal);
          return { isTracked, end: await applyAll(data, redis, registry, options, run) };
        };
        const now = Date.now();
        const { isTracked, end: applied } = await applyNoted();
        if (applied === "interrupted") return applied;
        const { bulk_started_at: bulkStart } = detailsOf(data.file, runId)!;
        if (bulkStart !== null && sessions.hasAny()) {
          const since = Math.max(bulkStart, newestSweep(data.file, runId) ?? 0);
          gaps = sessions.gaps(since, now, isTracked);
        }
        if (gaps.length > 0 || options.safetySweep) {
          if (gaps.length > 0) progress.note("The tracker was away for a time: comparing everything");
          swept = await sweep(data, redis, options, run, progress);
          if (swept.end === "interrupted") return "interrupted";
          // what was noted meanwhile, such as keys that Redis found to have expired when they were read
          if ((await applyNoted()).end === "interrupted") return "interrupted";
        }
        return report().failed > 0 ? "completed_with_errors" : "completed";
      },
    );
    return { ...report(), end };
  } finally {
    redis.close();
  }
}

interface PendingBatch extends Batch {
  readonly pending: readonly PendingKey[];
}

/**
 * A pass over what waits, and more as long as each leaves fewer: those are keys that changed while they were applied.
 */
async function applyAll(
  data: Data,
  redis: BinaryClient,
  registry: DirtyRegistry,
  options: ApplyOptions,
  run: Run,
): Promise<TransferEnd> {
  const copy = deltaCopier(data, redis, registry, options, run);
  for (let left = Number.POSITIVE_INFINITY; ;) {
    const waiting = registry.waiting();
    if (waiting === 0 || waiting >= left) return "completed";
    left = waiting;
    const until = Date.now();
    const end = await transfer<PendingBatch>(
      {
        source: {
          async *batches(stop) {
            for (const pending of registry.pages(until, () => run.pacing.limits.batchRows)) {
              if (stop.aborted) return;
              yield { pending, records: pending.length, bytes: 0 };
            }
          },
        },
        sink: {
          write: async ({ pending }) => {
            await copy(pending.map(({ key }) => key));
            return { written: pending.length, refused: [] };
          },
        },
        checkpoint: { confirm: async () => {} }, // a key is settled in the transaction that has written it
        pacing: run.pacing,
      },
      run.signal,
    );
    if (end === "interrupted") return end;
  }
}
