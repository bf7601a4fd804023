import type { Receipt } from "../../../engine/ports.ts";
import { transfer } from "../../../engine/transfer.ts";
import { inRun, type Run } from "../../../runs/run.ts";
import { type BinaryClient, withoutPassword } from "../../../stores/redis/binary-client.ts";
import type { Data } from "../../data/data.ts";
import type { ImportWatch } from "../bulk.ts";
import { compareKeys, type Difference } from "./compare-key.ts";
import { extraBatches } from "./extra-keys.ts";
import { openImportFile } from "../import-file.ts";
import { importHome } from "../import-home.ts";
import { printableKey } from "../import-report.ts";
import { knownRun } from "../run-record.ts";
import { requireSameSource } from "../source/same-source.ts";
import { type KeyBatch, ScanSource } from "../source/scan-source.ts";
import { connectSource } from "../source/source-server.ts";
import {
  forgetVerification,
  loadVerification,
  type Mismatch,
  saveVerification,
  type VerifyCursor,
} from "./verify-progress.ts";

export interface VerifyOptions {
  readonly runId: string;
  readonly from: string;
  readonly to: string;
  /** Part of the keys, over 0 and at most 1; `full`: every key of both sides, resumable. */
  readonly sample: number | "full";
  readonly maxConcurrency: number;
  readonly maxRps?: number | undefined;
}

export interface VerifyReport {
  readonly runId: string;
  readonly level: "sample" | "full";
  readonly status: "match" | "mismatch" | "interrupted";
  /** Keys that were compared, of Redis and then, for what only the file has, of the file. */
  readonly sampled: number;
  readonly matched: number;
  readonly mismatches: number;
  readonly byDifference: Partial<Record<Difference, number>>;
  /** Keys of types that a file cannot hold; no mismatch. */
  readonly unsupported: number;
  /** The first of them. */
  readonly first: readonly Mismatch[];
}

const mostListed = 20;
/** A sample beyond this takes as long as it tells more. */
const largestSample = 10_000;
const batchKeys = 200;

/**
 * Compares the file with Redis: type, remaining time (to a second) and value, key by key. A key that differs is looked
 * at once more, for the source may be written to. Nothing is changed.
 */
export async function verify(options: VerifyOptions, { signal, progress }: ImportWatch): Promise<VerifyReport> {
  const { runId, from, to, sample } = options;
  using data = openImportFile(to);
  knownRun(data.file, runId);
  requireSameSource(data.file, runId, from);
  const redis = await connectSource(from);
  let state: VerifyCursor = (sample === "full" ? loadVerification(data.file, runId) : undefined) ?? {
    side: "source",
    cursor: "0",
    sampled: 0,
    unsupported: 0,
    byDifference: {},
    first: [],
  };
  const report = (interrupted = false): VerifyReport => {
    const mismatches = Object.values(state.byDifference).reduce((sum, count) => sum + count, 0);
    return {
      runId,
      level: sample === "full" ? "full" : "sample",
      status: interrupted ? "interrupted" : mismatches > 0 ? "mismatch" : "match",
      sampled: state.sampled,
      matched: state.sampled - mismatches - state.unsupported,
      mismatches,
      byDifference: state.byDifference,
      unsupported: state.unsupported,
      first: state.first,
    };
  };
  try {
    const limits = { concurrency: options.maxConcurrency, batchRows: batchKeys, recordsPerSecond: options.maxRps };
    const end = await inRun(
      importHome(data, to, runId, "verify", limits),
      {
        command: "resplite verify",
        options: { ...options, from: withoutPassword(from) },
        limits,
        continues: runId,
        report: () => report(),
      },
      { signal, progress },
      async (run) => {
        for (const side of ["source", "file"] as const) {
          if (side === "source" && state.side === "file") continue;
          if (state.side !== side) state = { ...state, side, cursor: "" };
          const source = { batches: (stop: AbortSignal) => batchesOf(data, redis, run, state, sample, stop) };
          const sink = comparing(data, redis);
          const checkpoint = {
            confirm: async (batch: KeyBatch, receipt: ComparisonReceipt | undefined) => {
              state = added(state, batch, receipt?.differences ?? []);
              if (sample === "full") saveVerification(data.file, runId, state);
              progress.advanced("verify", batch.records, 0);
            },
          };
          const finish = await transfer({ source, sink, checkpoint, pacing: run.pacing }, run.signal);
          if (finish === "interrupted") return finish;
        }
        if (sample === "full") forgetVerification(data.file, runId);
        return report().mismatches > 0 ? "completed_with_errors" : "completed";
      },
    );
    return report(end === "interrupted");
  } finally {
    redis.close();
  }
}

interface ComparisonReceipt extends Receipt {
  /** Of each key of the batch. */
  readonly differences: readonly (Difference | "unsupported" | undefined)[];
}

function comparing(data: Data, redis: BinaryClient) {
  return {
    write: async (batch: KeyBatch): Promise<ComparisonReceipt> => {
      const differences = await compareKeys(redis, data, batch.keys);
      const doubtful = batch.keys.flatMap((key, at) => (isDifference(differences[at]) ? [{ key, at }] : []));
      const again = await compareKeys(
        redis,
        data,
        doubtful.map(({ key }) => key),
      );
      for (const [n, { at }] of doubtful.entries()) differences[at] = again[n];
      return { written: batch.keys.length, refused: [], differences };
    },
  };
}

function isDifference(found: Difference | "unsupported" | undefined): found is Difference {
  return found !== undefined && found !== "unsupported";
}

function added(
  state: VerifyCursor,
  { keys, cursor }: KeyBatch,
  differences: ComparisonReceipt["differences"],
): VerifyCursor {
  const byDifference = { ...state.byDifference };
  const first = [...state.first];
  for (const [at, difference] of differences.entries()) {
    if (!isDifference(difference)) continue;
    byDifference[difference] = (byDifference[difference] ?? 0) + 1;
    if (first.length < mostListed) first.push({ key: printableKey(keys[at]!), difference });
  }
  const unsupported = state.unsupported + differences.filter((one) => one === "unsupported").length;
  return { ...state, cursor, sampled: state.sampled + keys.length, unsupported, byDifference, first };
}

async function* batchesOf(
  data: Data,
  redis: BinaryClient,
  run: Run,
  { side, cursor }: VerifyCursor,
  sample: number | "full",
  signal: AbortSignal,
): AsyncGenerator<KeyBatch> {
  const size = (): number => run.pacing.limits.batchRows;
  const every = sample === "full" ? 1 : Math.max(1, Math.round(1 / sample));
  const all =
    side === "file"
      ? extraBatches(redis, data, size, signal, cursor === "" ? undefined : Buffer.from(cursor, "base64"))
      : new ScanSource(redis, {
          from: cursor,
          scanCount: () => 1000,
          batchKeys: size,
          beforePage: async () => {},
        }).batches(signal);
  let seen = 0;
  let taken = 0;
  for await (const batch of all) {
    if (sample === "full" || side === "file") {
      yield batch; // keys that only the file has are differences already: none is left out
      continue;
    }
    const keys = batch.keys.filter(() => seen++ % every === 0).slice(0, largestSample - taken);
    taken += keys.length;
    if (keys.length > 0) yield { ...batch, keys, records: keys.length };
    if (taken >= largestSample) return;
  }
}
