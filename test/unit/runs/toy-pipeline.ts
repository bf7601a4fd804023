import { AppError } from "../../../src/engine/errors.ts";
import type { Batch, Refusal } from "../../../src/engine/ports.ts";
import { refuseFailed } from "../../../src/engine/refuse-failed.ts";
import { sparing } from "../../../src/engine/sparing.ts";
import { transfer } from "../../../src/engine/transfer.ts";
import { inRun, type RunWatch } from "../../../src/runs/run.ts";
import { sqliteCheckpoints } from "../../../src/stores/sqlite/checkpoint-store.ts";
import { SqliteRecordErrors } from "../../../src/stores/sqlite/record-errors.ts";
import { sqliteHome } from "../../../src/stores/sqlite/run-home.ts";
import { openStateFile } from "../../../src/stores/sqlite/state-file.ts";

interface Slice extends Batch {
  readonly items: readonly number[];
  readonly end: number;
}

export interface ToyReport {
  runId: string | null;
  stateFile: string;
  copied: number;
  refused: number;
}

const scope = "toy numbers";

/**
 * Copies numbers from one array to another, from where the run before it stopped. `write` takes one number, or throws
 * for one that it never takes.
 */
export async function copyNumbers(
  from: readonly number[],
  write: (number: number) => Promise<void>,
  stateFile: string,
  watch: RunWatch,
): Promise<ToyReport & { status: string }> {
  using file = await openStateFile(stateFile);
  const checkpoints = sqliteCheckpoints(file);
  const errors = new SqliteRecordErrors(file);
  const report: ToyReport = { runId: null, stateFile, copied: 0, refused: 0 };
  const limits = { batchRows: 2, concurrency: 2 };
  const description = { command: "toy copy", options: { numbers: from.length }, limits, report: () => report };
  const status = await inRun(sqliteHome(file), description, watch, async (run) => {
    report.runId = run.id;
    const begin = cursorOf(await checkpoints.load(scope));
    const noted = { end: begin, refused: [] as Refusal[] };
    const end = await transfer<Slice>(
      {
        source: {
          async *batches(signal) {
            for (let at = begin; at < from.length && !signal.aborted;) {
              const items = from.slice(at, at + run.pacing.limits.batchRows);
              at += items.length;
              yield { items, end: at, records: items.length, bytes: 8 * items.length };
            }
          },
        },
        sink: refuseFailed(
          {
            write: async ({ items }) => {
              for (const item of items) await write(item);
              return { written: items.length, refused: [] };
            },
          },
          ({ items }, error) => ({
            written: 0,
            refused: items.map((item) => ({ id: String(item), type: "toy", reason: String(error) })),
          }),
        ),
        checkpoint: sparing(
          {
            note: ({ end: next }, receipt) => {
              noted.end = next;
              noted.refused.push(...(receipt?.refused ?? []));
            },
            save: async () => {
              await errors.save(scope, run.id, noted.refused.splice(0));
              await checkpoints.save(scope, String(noted.end));
            },
          },
          { records: 10, seconds: 1 },
        ),
        pacing: run.pacing,
        onConfirmed: (_slice, receipt) => {
          report.copied += receipt?.written ?? 0;
          report.refused += receipt?.refused.length ?? 0;
        },
      },
      run.signal,
    );
    return end === "interrupted" ? end : report.refused > 0 ? "completed_with_errors" : "completed";
  });
  return { ...report, status };
}

function cursorOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^\d+$/.test(text)) return Number(text);
  throw new AppError("checkpoint_unreadable", `The checkpoint of ${scope} is ${text}.`);
}
