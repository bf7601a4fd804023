import type { Client } from "@elastic/elasticsearch";
import type { Pool } from "pg";
import type { Receipt } from "../../engine/ports.ts";
import { transfer, type TransferEnd } from "../../engine/transfer.ts";
import type { StateDatabase } from "../state/database.ts";
import { dirtyIds } from "../state/dirty/dirty-rows.ts";
import type { FoundDifference } from "../state/validate/differences.ts";
import { compareDocuments } from "../compare/compare-documents.ts";
import type { Partition } from "../partitions/log-types.ts";
import type { RowCopy } from "../copying/row-copy.ts";
import type { RowBatch } from "../rows/row-batches.ts";
import { writtenSince } from "./written-since.ts";

/** What validating rows and documents of one partition takes. */
export interface RowCheck extends Pick<
  RowCopy,
  "partition" | "rowsOf" | "runId" | "state" | "source" | "target" | "read" | "pacing"
> {
  readonly postgres: Pool;
  readonly elasticsearch: Client;
  /** The documents of another partition. */
  readonly targetOf: (partition: Partition) => Pick<RowCopy["target"], "find" | "existing">;
  /** Without an index every row is missing. */
  readonly hasIndex: boolean;
  /** PostgreSQL's snapshot when the run began; undefined where it cannot be known what was written since. */
  readonly snapshot: string | undefined;
  readonly timeZone: string;
  /** What else commits with everything that is remembered of the partition, with the rows compared so far. */
  readonly alsoCommit?: ((transaction: StateDatabase, checked: number) => Promise<void>) | undefined;
}

/** What comparing a batch showed. */
export interface CheckedBatch {
  /** Ids of the rows compared. */
  readonly ids: readonly string[];
  /** Ids asked for whose row is not there any more. */
  readonly gone: readonly string[];
  readonly differences: readonly FoundDifference[];
  readonly bytes: number;
  readonly end: RowBatch["end"];
}

/**
 * Compares rows with their documents, a batch at a time and several at once. `remember` stores what a batch showed, in
 * the order of the rows and in a transaction of its own, so that everything before an interruption is stored.
 */
export async function checkRows(
  check: RowCheck,
  rows: (signal: AbortSignal) => AsyncIterable<RowBatch>,
  remember: (transaction: StateDatabase, batch: CheckedBatch) => Promise<void>,
  signal: AbortSignal,
): Promise<TransferEnd> {
  return transfer<RowBatch, Comparison>(
    {
      source: { batches: rows },
      sink: {
        write: async (batch) => ({ written: batch.records, refused: [], ...(await compareBatch(check, batch)) }),
      },
      checkpoint: {
        confirm: async ({ gone, unreadable, bytes, end }, receipt) => {
          const { ids, differences } = receipt ?? { ids: [], differences: [] };
          await check.state.transaction().execute((transaction) =>
            remember(transaction, {
              ids: [...ids, ...unreadable.map(({ id }) => id)],
              // no document can be made of them
              differences: [
                ...differences,
                ...unreadable.map(({ id }) => ({ id, kind: "missing" as const, columns: [] })),
              ],
              gone,
              bytes,
              end,
            }),
          );
        },
      },
      pacing: check.pacing,
      onConfirmed: (batch) => check.read.bodies.giveBack(batch.body),
    },
    signal,
  );
}

type Comparison = Receipt & Pick<CheckedBatch, "ids" | "differences">;

/** The documents of a batch are about as large as the batch, which is limited by bytes. */
async function compareBatch(check: RowCheck, batch: RowBatch): Promise<Pick<CheckedBatch, "ids" | "differences">> {
  const ids = Array.from({ length: batch.records }, (_, at) => batch.body.id(at));
  const sources = check.hasIndex ? await check.target.read(ids) : new Map<string, Buffer>();
  const differences = compareDocuments(batch, sources);
  const differing = differences.map(({ id }) => id);
  const written = await writtenSince(check, differing);
  const waiting = await dirtyIds(check.state, check.partition.dataType, differing);
  return {
    ids,
    differences: differences.map((difference) =>
      written.has(difference.id) || waiting.has(difference.id) ? { ...difference, kind: "changed" } : difference,
    ),
  };
}
