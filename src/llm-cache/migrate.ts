import { AppError, UsageError } from "../engine/errors.ts";
import type { Refusal } from "../engine/ports.ts";
import { transfer } from "../engine/transfer.ts";
import { inRun, type Run } from "../runs/run.ts";
import { liveBatchLimits } from "../runs/batch-limits.ts";
import { noProgress, type ProgressSink } from "../runs/progress.ts";
import { type CacheKind, CacheKinds, type FurtherType } from "./entries/cache-kinds.ts";
import { type CacheBatch, cutBatches, type CutLimits } from "./entries/cut-batches.ts";
import type { CacheState } from "./cache-state.ts";
import type { KvStore } from "./kv-store.ts";
import { nothingWritten, type Route, type Written } from "./route.ts";
import { MigrateCheckpoint } from "./migrate-checkpoint.ts";
import { type BatchProgress, type MigrateReport, type ReportedStore, Reporter } from "./migrate-report.ts";
import { usualWaits, type WriteEnd, writeEntries } from "./entries/write-entries.ts";

// src/llm-cache moves LightRAG's LLM caches between its key-value stores. It owns what a cache is, where each store
// keeps it, and how it is compared; never how a run lives (src/runs), batches travel (src/engine) or a server is
// reached (src/stores).

export interface MigrateOptions {
  /** Entries of one batch. */
  readonly batchSize?: number | undefined;
  /** Batches in flight at once. */
  readonly concurrency?: number | undefined;
  readonly recordsPerSecond?: number | undefined;
  /** Beside extract and summary caches. */
  readonly include?: readonly FurtherType[] | undefined;
  /** Go on where the last run between these stores stopped. */
  readonly resume?: boolean | undefined;
  /** Entries of the source, where the caller has counted them already. */
  readonly counted?: number | undefined;
  /** Count and report only. */
  readonly dryRun?: boolean | undefined;
  /** How long to wait for a target that is away, in milliseconds, try after try. */
  readonly waits?: readonly number[] | undefined;
  /** Kept in the run's record beside these; without secrets. */
  readonly noted?: object | undefined;
}

export interface MigrateWatch {
  readonly signal: AbortSignal;
  readonly progress?: ProgressSink;
  readonly onCounted?: (total: number, goesOnAt: number) => void;
  /** Of each batch that has ended, in order. */
  readonly onBatch?: (batch: BatchProgress) => void;
  readonly onPersist?: () => void;
}

/** So many batches in a row fail only when the target takes nothing any more. */
const mostFailedInARow = 10;
/**
 * Of what travels as one: four of them in flight, twice over as text and as a statement, stay far below the memory of a
 * small machine.
 */
const partBytes = 4_000_000;

/**
 * Copies the caches of `source` into `target`, over those of the same keys; all else there stays. Each batch is durable
 * by itself; one that fails is reported, its keys are kept for `retry`, and the others go on. A run that was stopped or
 * killed goes on with `resume`.
 *
 * @example
 * ```ts
 * const source = await openStore({ type: "RedisKVStorage", uri: "redis://localhost:6379", workspace: "" });
 * const target = await openStore({ type: "JsonKVStorage", folder: "./rag_storage", workspace: "" });
 * const report = await withState(file, (state) => migrate({ source, target }, state, {}, { signal }));
 * ```
 * @throws UsageError when both are the same store or there is nothing to resume: nothing was touched
 */
export async function migrate(
  route: Route,
  state: CacheState,
  options: MigrateOptions,
  watch: MigrateWatch,
): Promise<MigrateReport> {
  refuseSameStore(route);
  const { source, target } = route;
  const kinds = new CacheKinds(options.include);
  const total = options.counted ?? sum(await source.count(kinds, watch.signal));
  const checkpoint = new MigrateCheckpoint(route, kinds, state);
  const goesOn = options.resume === true;
  if (goesOn) await checkpoint.load();
  const report = new Reporter("llm-cache migrate", route, total, () => checkpoint.progress);
  watch.onCounted?.(total, checkpoint.progress.read);
  const { batchSize = 1000, concurrency = 4, recordsPerSecond, include = [] } = options;
  if (options.dryRun === true) return report.now("dry_run", batchSize);

  const status = await inRun(
    state.home,
    {
      command: "llm-cache migrate",
      options: { source: named(source), target: named(target), include, ...options.noted },
      limits: { batchRows: batchSize, concurrency, recordsPerSecond },
      report: () => report.now("completed", batchSize),
    },
    { signal: watch.signal, progress: watch.progress ?? noProgress },
    async (run) => {
      report.runId = checkpoint.runId = run.id;
      await lockTarget(run, target);
      if (!goesOn) await checkpoint.save(); // from now on there is something to resume
      await target.prepare(goesOn);
      const end = await copy(route, kinds, run, checkpoint, report, options, watch);
      if (end === "interrupted") return end;
      await checkpoint.forget();
      return checkpoint.progress.failed > 0 ? "completed_with_errors" : "completed";
    },
  );
  return report.now(status, batchSize);
}

/** The data path: pages of the source, cut into batches, several written at once, confirmed in order. */
async function copy(
  { source, target }: Route,
  kinds: CacheKinds,
  run: Run,
  checkpoint: MigrateCheckpoint,
  report: Reporter,
  { waits = usualWaits }: MigrateOptions,
  watch: MigrateWatch,
): Promise<"completed" | "interrupted"> {
  const limits = cutLimits(run);
  const { cursor, open } = checkpoint.progress;
  let failedInARow = 0;
  const settle = async (): Promise<void> => {
    await checkpoint.save();
    watch.onPersist?.();
    await target.persist();
  };
  const copying = transfer<CacheBatch, Written>(
    {
      source: { batches: (signal) => cutBatches(source.read(kinds, cursor, signal), limits, open.records) },
      sink: { write: (batch, signal) => writeReadable(target, batch, signal, waits) },
      checkpoint,
      pacing: run.pacing,
      onConfirmed: (batch, receipt = nothingWritten) => {
        const { failure, refused } = receipt;
        if (batch.endsBatch)
          watch.onBatch?.(report.batch(kindOf(batch, kinds), limits.size, failure ?? first(refused)));
        failedInARow = failure === undefined ? 0 : failedInARow + 1;
        if (failedInARow >= mostFailedInARow) throw targetFails(failure!.message);
      },
    },
    run.signal,
  );
  const end = await copying.catch(async (error: unknown) => {
    await settle().catch(() => {}); // what is written stays; the first error matters
    throw error;
  });
  await settle();
  return end;
}

/** Entries that the source could not read are refused too. */
export async function writeReadable(
  target: KvStore,
  { entries, records }: CacheBatch,
  signal: AbortSignal,
  waits: readonly number[],
): Promise<Written> {
  const unreadable = entries.flatMap((entry) => entry.unreadable ?? []);
  const readable = unreadable.length === 0 ? entries : entries.filter((entry) => entry.unreadable === undefined);
  const end: WriteEnd = readable.length === 0 ? { refused: [] } : await writeEntries(target, readable, signal, waits);
  const refused = [...unreadable, ...end.refused];
  return { ...end, refused, written: records - refused.length };
}

/** As the run's limits are now: `app runs set` changes them. */
export function cutLimits({ pacing }: Run): CutLimits {
  const live = liveBatchLimits(pacing, { bytes: partBytes });
  return {
    get size() {
      return pacing.limits.batchRows;
    },
    get rows() {
      return live.rows;
    },
    get bytes() {
      return live.bytes;
    },
  };
}

/** @throws UsageError */
export function refuseSameStore({ source, target }: Route): void {
  if (source.identity !== target.identity) return;
  throw new UsageError("same_store", "Source and target are the same store and workspace. Nothing was touched.", {
    hint: "Describe them apart: --source-env FILE and --target-env FILE, or variables with SOURCE_ or TARGET_ in front.",
  });
}

/** One run writes to a store at a time. */
export async function lockTarget(run: Run, target: KvStore): Promise<void> {
  if (await run.locks.tryLock(`llm-cache:${target.identity}`)) return;
  throw new UsageError("target_busy", "Another run is writing to the target. Nothing was touched.", {
    hint: "app runs list shows the runs. Wait for it, or stop it with app runs abort.",
  });
}

export function named({ type, workspace }: KvStore): ReportedStore {
  return { type, workspace };
}

function kindOf({ entries }: CacheBatch, kinds: CacheKinds): CacheKind | undefined {
  const last = entries.at(-1);
  return last === undefined ? undefined : kinds.of(last.key);
}

function first(refused: readonly Refusal[]): { type: string; message: string } | undefined {
  const [one] = refused;
  return one && { type: one.type, message: `${one.id}: ${one.reason}` };
}

function sum(counts: ReadonlyMap<CacheKind, number>): number {
  return [...counts.values()].reduce((total, entries) => total + entries, 0);
}

function targetFails(reason: string): AppError {
  return new AppError("target_fails", `The target took none of ${mostFailedInARow} batches in a row: ${reason}`, {
    hint: "What was written stays. Mend the target, go on with --resume, then send what failed with app llm-cache retry.",
  });
}
