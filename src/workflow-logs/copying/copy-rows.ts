import type { Sink } from "../../engine/ports.ts";
import { transfer, type TransferEnd } from "../../engine/transfer.ts";
import { joinRanges, saveCheckpoint } from "../state/partitions/checkpoints.ts";
import type { StateDatabase } from "../state/database.ts";
import { forgetIds } from "../state/partitions/forget-ids.ts";
import { forgetOpenRows, rememberOpenRows } from "../state/partitions/open-rows.ts";
import { addCopied } from "../state/partitions/partitions.ts";
import { forgetRecordErrors, saveRecordErrors } from "../state/record-errors.ts";
import { touchAppLogsOf } from "../state/dirty/touched-rows.ts";
import { replaceUnresolvedContents } from "../state/partitions/unresolved-contents.ts";
import type { RowBatch } from "../rows/row-batches.ts";
import type { Listing } from "../rows/row-query.ts";
import type { CopyReceipt, RowCopy, RowOrigin } from "./row-copy.ts";
import { type Send, writeAgain } from "./write-again.ts";
import type { UncoveredRange } from "../partitions/uncovered-ranges.ts";

// src/workflow-logs/copying owns how rows of one partition become documents: a source, a sink and a checkpoint for
// engine/transfer.ts. migrate, dirty, validate and the repositories all copy by it. It never decides which rows
// those are.

/** Copies the rows between two confirmed ranges, moving the end of the first behind them, and joins the two. */
export async function copyRange(
  copy: RowCopy,
  listing: Listing,
  start: string,
  uncovered: UncoveredRange,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { partition, state, runId } = copy;
  const result = await transfer<RowBatch, CopyReceipt>(
    {
      source: {
        batches: (aborted) =>
          copy.source.pages(listing, partition.tenantId, uncovered, uncovered.extends, copy.read, aborted),
      },
      sink: sinkOf(copy),
      checkpoint: {
        confirm: (batch, receipt) =>
          confirm(copy, batch, receipt, "planned", async (transaction) => {
            await saveCheckpoint(transaction, partition, { start, ...batch.end });
            await addCopied(transaction, partition, runId, receipt?.written ?? 0, bytesWritten(batch, receipt));
          }),
      },
      pacing: copy.pacing,
      onConfirmed: (batch, receipt) => release(copy, batch, receipt, "planned"),
    },
    signal,
  );
  if (result === "completed" && uncovered.upTo !== undefined) await joinRanges(state, partition, start, uncovered.upTo);
  return result;
}

/** Which rows are copied by their ids, and what follows from it. */
export interface CopyById {
  /** Leaves out rows whose document would be the same as before. */
  readonly isUnchanged?: (id: string, fingerprint: Buffer) => boolean;
  /** Rows written count as copied for the first time. */
  readonly areNew: boolean;
  /** How the rows stand to the plan, where `areNew` does not say it. */
  readonly origin?: RowOrigin;
  /**
   * What else commits with a batch; its ids were read in the partition, and are written or refused. Told of all only
   * with `isUnchanged`.
   */
  readonly onConfirm?: (transaction: StateDatabase, ids: readonly string[]) => Promise<void>;
}

/** Copies the rows with these ids; the checkpoints stay where they are. */
export async function copyById(
  copy: RowCopy,
  ids: AsyncIterable<readonly string[]>,
  { isUnchanged, areNew, origin = areNew ? "late" : "known", onConfirm }: CopyById,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const { partition, runId } = copy;
  const read = { ...copy.read, ...(isUnchanged && { isUnchanged }) };
  return transfer<RowBatch, CopyReceipt>(
    {
      source: { batches: (aborted) => copy.source.rowsById(copy.rowsOf, ids, read, aborted) },
      sink: sinkOf(copy),
      checkpoint: {
        confirm: (batch, receipt) =>
          confirm(copy, batch, receipt, origin, async (transaction) => {
            await forgetOpenRows(transaction, partition, batch.ended);
            await forgetIds(transaction, "open_rows", partition, batch.gone);
            await forgetRecordErrors(transaction, partition.dataType, settledIds(batch, receipt));
            await forgetIds(transaction, "record_errors", partition, batch.gone);
            await touchAppLogs(transaction, copy, batch);
            const written = areNew ? (receipt?.written ?? 0) : 0;
            await addCopied(transaction, partition, runId, written, bytesWritten(batch, receipt));
            await onConfirm?.(transaction, [...batch.ended, ...batch.open.map(({ id }) => id)]);
          }),
      },
      pacing: copy.pacing,
      onConfirmed: (batch, receipt) => release(copy, batch, receipt, origin),
    },
    signal,
  );
}

/**
 * A range is copied before its app logs, or its runs had not ended, or both; rows copied by id are others now than
 * their app logs say.
 */
async function touchAppLogs(transaction: StateDatabase, copy: RowCopy, { body }: RowBatch): Promise<void> {
  const { appLogs } = copy.source.source;
  if (appLogs === undefined) return;
  const runIds = Array.from({ length: body.records }, (_, at) => body.id(at));
  await touchAppLogsOf(transaction, appLogs, copy.partition.tenantId, runIds);
}

function settledIds(batch: RowBatch, receipt: CopyReceipt | undefined): string[] {
  const refused = new Set(receipt?.refused.map(({ id }) => id));
  return [...batch.ended, ...batch.open.map(({ id }) => id)].filter((id) => !refused.has(id));
}

function sinkOf(copy: RowCopy): Sink<RowBatch, CopyReceipt> {
  return {
    write: async (batch, signal) => {
      await copy.beforeWrite();
      const { newer, refused, inlined } = await send(copy, batch, signal);
      if (newer.length === 0) return { written: batch.records - refused.length, refused, inlined };
      const again = await writeAgain(copy, newer, (rows, aborted) => send(copy, rows, aborted), signal);
      return { written: batch.records - refused.length - again.length, refused: [...refused, ...again], inlined };
    },
  };
}

async function send(
  copy: RowCopy,
  batch: RowBatch,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<Send>> & Pick<CopyReceipt, "inlined">> {
  const withContents = await copy.contents?.bodyOf(batch, copy.partition.tenantId, signal);
  const receipt = await copy.target.write(withContents?.body ?? batch.body, signal);
  if (withContents !== undefined) copy.read.bodies.giveBack(withContents.body);
  return { ...receipt, inlined: withContents?.inlined };
}

export function bytesWritten(batch: RowBatch, receipt: CopyReceipt | undefined): number {
  return receipt?.inlined?.bodyBytes ?? batch.bytes;
}

/** One transaction for everything that follows from a confirmed batch. */
async function confirm(
  { state, partition, runId, alsoCommit }: RowCopy,
  batch: RowBatch,
  receipt: CopyReceipt | undefined,
  rows: RowOrigin,
  more: (transaction: StateDatabase) => Promise<void>,
): Promise<void> {
  const whole = withUnreadable(batch, receipt);
  const { refused, inlined } = whole;
  const refusedIds = new Set(refused.map(({ id }) => id));
  await state.transaction().execute(async (transaction) => {
    await saveRecordErrors(transaction, partition, runId, refused);
    await rememberOpenRows(
      transaction,
      partition,
      batch.open.filter((row) => !refusedIds.has(row.id)),
    );
    if (inlined !== undefined) await replaceUnresolvedContents(transaction, partition, runId, inlined);
    await more(transaction);
    await alsoCommit?.(transaction, { batch, receipt: whole, rows });
  });
}

/** What became of a batch, with its rows that cannot be read: no sink has seen them. */
function withUnreadable({ unreadable }: RowBatch, receipt: CopyReceipt | undefined): CopyReceipt {
  const { written, refused, inlined } = receipt ?? { written: 0, refused: [], inlined: undefined };
  return { written, refused: [...refused, ...unreadable], inlined };
}

function release(copy: RowCopy, batch: RowBatch, receipt: CopyReceipt | undefined, rows: RowOrigin): void {
  copy.onConfirmed(batch, withUnreadable(batch, receipt), rows);
  copy.read.bodies.giveBack(batch.body);
}
