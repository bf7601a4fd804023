import type { Receipt } from "../../engine/ports.ts";
import { sparing } from "../../engine/sparing.ts";
import { transfer } from "../../engine/transfer.ts";
import { inRun, type Run } from "../../runs/run.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import type { BinaryClient } from "../../stores/redis/binary-client.ts";
import { withoutPassword } from "../../stores/redis/binary-client.ts";
import type { PragmaTemplate } from "../../stores/sqlite/pragmas.ts";
import type { Data } from "../data/data.ts";
import { isPassing, untilAnswers } from "./source/connection-faults.ts";
import { ErrorLog } from "./error-log.ts";
import { openImportFile } from "./import-file.ts";
import { importHome } from "./import-home.ts";
import { type ImportReport, importReport } from "./import-report.ts";
import { KeyCopier, type Settled } from "./copy/key-copier.ts";
import { DirtyRegistry } from "./tracker/dirty-keys.ts";
import { addCounts, type Counter, detailsOf, ensureRun, findRun, setDetails } from "./run-record.ts";
import { type KeyBatch, ScanSource } from "./source/scan-source.ts";
import { connectSource, serverFacts } from "./source/source-server.ts";
import { SourcePressure } from "./source/source-pressure.ts";
import { requireSameSource } from "./source/same-source.ts";

export interface ImportLimits {
  /** Batches that are read at once. */
  readonly maxConcurrency: number;
  /** Keys a second; undefined: no limit. */
  readonly maxRps?: number | undefined;
  readonly maxBytesRate?: number | undefined;
  readonly batchKeys: number;
  /** Bytes of one transaction, and of all values in memory. */
  readonly batchBytes: number;
}

export const importDefaults: ImportLimits = {
  maxConcurrency: 32,
  maxRps: 2000,
  batchKeys: 200,
  batchBytes: 64 * 1024 * 1024,
};

export interface BulkOptions extends ImportLimits {
  readonly runId: string;
  readonly from: string;
  readonly to: string;
  readonly scanCount: number;
  /** Goes on at the cursor where an earlier call of this run was; else the scan begins anew. */
  readonly resume: boolean;
  readonly template?: PragmaTemplate | undefined;
}

export interface ImportWatch {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

export interface BulkReport extends ImportReport {
  /** Hashes with fields that expire by themselves: those fields were copied, and stay for good in the file. */
  readonly hashesWithFieldTtls: number;
}

/**
 * Copies every key of the source into the file. Keys that change meanwhile are the tracker's matter. A crash at any
 * moment costs only what was under way: the same call with `resume` goes on there. The report has what was counted over
 * all calls of the run.
 * @throws AppError when the source stays away or the file cannot be written; what was copied stays
 */
export async function bulk(options: BulkOptions, { signal, progress }: ImportWatch): Promise<BulkReport> {
  const redis = await connectSource(options.from);
  const pings = await connectSource(options.from);
  using data = openImportFile(options.to, options.template);
  const pressure = new SourcePressure(pings, (text) => progress.note(text));
  const { runId } = options;
  try {
    requireSameSource(data.file, runId, options.from);
    ensureRun(data.file, runId, withoutPassword(options.from));
    const started = performance.now();
    const before = findRun(data.file, runId)!;
    let hashesWithFieldTtls = 0;
    const report = (): BulkReport => ({
      ...importReport(data.file, runId, { started, before }),
      hashesWithFieldTtls,
    });
    const limits = {
      concurrency: options.maxConcurrency,
      batchRows: options.batchKeys,
      recordsPerSecond: options.maxRps,
      bytesPerSecond: options.maxBytesRate,
    };
    const status = await inRun(
      importHome(data, options.to, runId, "bulk", limits),
      {
        command: "resplite bulk",
        options: { ...options, from: withoutPassword(options.from) },
        limits,
        continues: runId,
        report,
      },
      { signal, progress },
      async (run) => {
        const facts = await serverFacts(redis, options.from);
        ({ hashesWithFieldTtls } = facts);
        progress.plan(facts.keys);
        const route = bulkRoute(data, redis, options, run, progress);
        for (;;) {
          const from = await cursorOf(data, redis, options, progress);
          const source = new ScanSource(redis, {
            from,
            scanCount: () => findRun(data.file, runId)!.scan_count_hint,
            batchKeys: () => run.pacing.limits.batchRows,
            beforePage: (stop) => pressure.passed(stop),
          });
          try {
            const end = await transfer({ source, pacing: run.pacing, ...route }, run.signal);
            if (end === "interrupted") return end;
            setDetails(data.file, runId, { bulk_done: 1 });
            const after = await serverFacts(redis, options.from);
            hashesWithFieldTtls = Math.max(hashesWithFieldTtls, after.hashesWithFieldTtls);
            if (hashesWithFieldTtls > 0) return "completed_with_errors";
            return findRun(data.file, runId)!.error_keys > before.error_keys ? "completed_with_errors" : "completed";
          } catch (error) {
            if (!isPassing(error)) throw error;
            progress.note("Redis does not answer: waiting for it");
            await untilAnswers(redis, run.signal);
          }
        }
      },
    );
    return { ...report(), end: status };
  } finally {
    pressure.close();
    redis.close();
  }
}

/** Where the scan begins: at the stored cursor when it still means something. */
async function cursorOf(
  { file }: Data,
  redis: BinaryClient,
  { runId, from, resume, scanCount }: BulkOptions,
  progress: ProgressSink,
): Promise<string> {
  const { processId } = await serverFacts(redis, from);
  const details = detailsOf(file, runId)!;
  const { scan_cursor: cursor } = findRun(file, runId)!;
  const isUnderWay = details.bulk_started_at !== null && details.bulk_done === 0 && cursor !== "0";
  const goesOn = isUnderWay && resume && details.scan_server === processId;
  if (goesOn) return cursor;
  if (isUnderWay && resume)
    progress.note(
      "Redis was restarted, or another one answers: its scan begins anew; keys that are there are replaced",
    );
  setDetails(file, runId, {
    scan_server: processId,
    bulk_started_at: details.bulk_started_at ?? Date.now(),
    bulk_done: 0,
  });
  file
    .prepare("UPDATE migration_runs SET scan_cursor = '0', scan_count_hint = ? WHERE run_id = ?")
    .run(scanCount, runId);
  return "0";
}

interface BulkReceipt extends Receipt {
  readonly counts: Counts & { readonly migrated_bytes: number };
}

/**
 * The sink copies the keys of a batch; the checkpoint stores where the scan is and what was counted up to there, in
 * one transaction.
 */
function bulkRoute(
  data: Data,
  redis: BinaryClient,
  { runId, batchBytes }: BulkOptions,
  { pacing }: Run,
  progress: ProgressSink,
) {
  const registry = new DirtyRegistry(data.file, runId);
  const errors = new ErrorLog(data.file, runId);
  const copier = new KeyCopier(redis, data, registry, {
    batchBytes,
    charge: (bytes) => pacing.charge(bytes),
  });
  let unsaved: { counts: Counts; cursor: string } | undefined;
  return {
    sink: {
      write: async ({ keys }: KeyBatch): Promise<BulkReceipt> => {
        const counts = { migrated_keys: 0, migrated_bytes: 0, skipped_keys: 0, error_keys: 0 };
        const settle = ({ key, outcome, bytes, reason }: Settled): void => {
          if (outcome === "written") {
            counts.migrated_keys++;
            counts.migrated_bytes += key.length + bytes;
          }
          if (outcome === "unsupported") counts.skipped_keys++;
          if (outcome !== "failed") return;
          counts.error_keys++;
          errors.add("bulk", reason!, key);
          registry.lookAgain(key, "bulk failed", "error");
        };
        await copier.copy(keys, settle);
        return { written: counts.migrated_keys, refused: [], counts };
      },
    },
    checkpoint: sparing<KeyBatch, BulkReceipt>(
      {
        note: ({ cursor, records }, receipt) => {
          unsaved = { counts: sumOf(unsaved?.counts, { ...receipt?.counts, scanned_keys: records }), cursor };
          progress.advanced("bulk", records, receipt?.counts.migrated_bytes ?? 0);
        },
        save: async () => {
          const { counts, cursor } = unsaved!;
          data.transaction(() => addCounts(data.file, runId, counts, cursor));
          unsaved = undefined;
        },
      },
      { records: mostUnsaved, seconds: 0.25 },
    ),
  };
}

type Counts = Partial<Record<Counter, number>>;

/** Keys that a crash copies, and counts, once more. */
const mostUnsaved = 2000;

function sumOf(one: Counts = {}, other: Counts): Counts {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<Counter>;
  return Object.fromEntries([...names].map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
