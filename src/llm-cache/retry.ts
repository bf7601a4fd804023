import type { Batch, Checkpoint } from "../engine/ports.ts";
import { transfer } from "../engine/transfer.ts";
import { noProgress } from "../runs/progress.ts";
import { eachErrorPage } from "../runs/record-errors.ts";
import { inRun, type Run } from "../runs/run.ts";
import { type CacheEntry, sizeOf } from "./entries/cache-entry.ts";
import type { CacheBatch } from "./entries/cut-batches.ts";
import type { KvStore } from "./kv-store.ts";
import { routeName } from "./migrate-checkpoint.ts";
import { advance, type MigrateProgress, noMigrateProgress } from "./migrate-progress.ts";
import { type MigrateReport, Reporter } from "./migrate-report.ts";
import { cutLimits, lockTarget, type MigrateWatch, named, refuseSameStore, writeReadable } from "./migrate.ts";
import type { CacheState } from "./cache-state.ts";
import { nothingWritten, type Route, type Written } from "./route.ts";
import { usualWaits } from "./entries/write-entries.ts";

export interface RetryOptions {
  readonly batchSize?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly recordsPerSecond?: number | undefined;
  readonly waits?: readonly number[] | undefined;
  readonly noted?: object | undefined;
}

/** Failed keys, with the entries of those that the source still has. */
interface RetryBatch extends CacheBatch {
  readonly keys: readonly string[];
}

/**
 * Sends what failed between these stores, and nothing else. What is written, or gone from the source, is forgotten;
 * what fails again stays, with its new reason.
 */
export async function retry(
  route: Route,
  state: CacheState,
  options: RetryOptions,
  watch: MigrateWatch,
): Promise<MigrateReport> {
  refuseSameStore(route);
  const { source, target } = route;
  const scope = routeName(route);
  const total = Object.values(await state.errors.countByType({ scopes: [scope] })).reduce((sum, n) => sum + n, 0);
  let progress: MigrateProgress = noMigrateProgress;
  const report = new Reporter("llm-cache retry", route, total, () => progress);
  watch.onCounted?.(total, 0);
  const { batchSize = 1000, concurrency = 4, recordsPerSecond, waits = usualWaits } = options;
  const status = await inRun(
    state.home,
    {
      command: "llm-cache retry",
      options: { source: named(source), target: named(target), ...options.noted },
      limits: { batchRows: batchSize, concurrency, recordsPerSecond },
      report: () => report.now("completed", batchSize),
    },
    { signal: watch.signal, progress: watch.progress ?? noProgress },
    async (run) => {
      report.runId = run.id;
      await lockTarget(run, target);
      await target.prepare(true);
      const checkpoint: Checkpoint<RetryBatch, Written> = {
        confirm: async (batch, receipt = nothingWritten) => {
          const gone = batch.keys.length - batch.entries.length;
          progress = { ...advance(progress, batch, receipt), gone: (progress.gone ?? 0) + gone };
          const failed = new Set(receipt.refused.map(({ id }) => id));
          await state.errors.save(scope, run.id, receipt.refused);
          // the target of JSON is written below; a crash before that must not lose the key
          settled.push(...batch.keys.filter((key) => !failed.has(key)));
        },
      };
      const settled: string[] = [];
      const end = await transfer<RetryBatch, Written>(
        {
          source: { batches: () => failedBatches(source, state, scope, run) },
          sink: { write: (batch, signal) => writeReadable(target, batch, signal, waits) },
          checkpoint,
          pacing: run.pacing,
          onConfirmed: () => watch.onBatch?.(report.batch(undefined, batchSize, undefined)),
        },
        run.signal,
      );
      watch.onPersist?.();
      await target.persist();
      await state.errors.forget(scope, settled);
      if (end === "interrupted") return end;
      return progress.failed > 0 ? "completed_with_errors" : "completed";
    },
  );
  return report.now(status, batchSize);
}

async function* failedBatches(source: KvStore, state: CacheState, scope: string, run: Run): AsyncGenerator<RetryBatch> {
  const limits = cutLimits(run);
  for await (const page of eachErrorPage(state.errors, { scopes: [scope] })) {
    const keys = page.map(({ id }) => id);
    for (let at = 0; at < keys.length;) {
      const part = keys.slice(at, at + Math.min(limits.rows, limits.size));
      at += part.length;
      const entries = await source.get(part);
      yield { ...extentOf(entries), entries, keys: part, cursor: undefined, endsBatch: true };
    }
  }
}

function extentOf(entries: readonly CacheEntry[]): Batch {
  return { records: entries.length, bytes: entries.reduce((sum, entry) => sum + sizeOf(entry), 0) };
}
