import { transfer } from "../../engine/transfer.ts";
import type { Pacing } from "../../engine/pacing.ts";
import type { Receipt } from "../../engine/ports.ts";
import {
  type ConfirmedRange,
  confirmedRanges,
  joinRanges,
  saveCheckpoint,
} from "../../stores/postgres/state/checkpoints.ts";
import type { StateDatabase } from "../../stores/postgres/state/database.ts";
import {
  forgetAgedOpenRows,
  forgetOpenRows,
  type OpenRow,
  openRowsAfter,
  rememberOpenRows,
} from "../../stores/postgres/state/open-rows.ts";
import { addCopied, beginPartition, setPartitionState } from "../../stores/postgres/state/partitions.ts";
import { knownRecordErrors, saveRecordErrors } from "../../stores/postgres/state/record-errors.ts";
import type { Partition } from "../log-types.ts";
import type { ElasticsearchLogs } from "../repositories/elasticsearch-logs.ts";
import type { PostgresLogs, ReadOptions } from "../repositories/postgres-logs.ts";
import type { RowBatch } from "../repositories/row-batches.ts";
import type { Listing } from "../repositories/row-query.ts";
import type { TimeRange } from "../scope.ts";
import { uncoveredRanges, type UncoveredRange } from "./uncovered-ranges.ts";

export interface PartitionCopy {
  readonly partition: Partition;
  /** The part of its month to copy. */
  readonly range: TimeRange;
  readonly coversWholeMonth: boolean;
  readonly runId: string;
  readonly fromNothing: boolean;
  readonly state: StateDatabase;
  readonly source: PostgresLogs;
  readonly target: ElasticsearchLogs;
  readonly listing: Listing;
  readonly read: ReadOptions;
  readonly pacing: Pacing;
  readonly onBegun?: (known: { copiedRows: number; indexWasReplaced: boolean }) => void;
  readonly onConfirmed: (batch: RowBatch, receipt: Receipt) => void;
}

/** Rows that have not ended this long after they were first copied have crashed: they are looked at no more. */
export const openRowDays = 30;

/**
 * Brings one partition up to date: rows behind its checkpoints, rows inserted late before them, and rows that had not ended when they were
 * copied. The caller holds the partition's lock. When it ends, by itself or interrupted, everything confirmed is in the checkpoints.
 */
export async function copyPartition(copy: PartitionCopy, signal: AbortSignal): Promise<"completed" | "interrupted"> {
  const { partition, state, target, range } = copy;
  const index = await target.ensure();
  const known = await beginPartition(
    state,
    partition,
    { name: target.index, uuid: index.uuid },
    { id: copy.runId, fromNothing: copy.fromNothing },
  );
  copy.onBegun?.(known);
  const confirmed = await confirmedRanges(state, partition);

  const uncoveredNow = uncoveredRanges(range, confirmed);
  const start = uncoveredNow[0]?.extends?.start ?? range.from; // each range copied joins the ones beside it
  for (const uncovered of uncoveredNow) {
    if ((await copyRange(copy, start, uncovered, signal)) === "interrupted") return "interrupted";
  }
  for (const before of confirmed) {
    if ((await copyLateRows(copy, before, signal)) === "interrupted") return "interrupted";
  }
  if ((await copyChangedRows(copy, signal)) === "interrupted") return "interrupted";

  await target.refresh();
  if (copy.coversWholeMonth) await setPartitionState(state, partition, copy.runId, "copied");
  return "completed";
}

/** Copies the rows between two confirmed ranges, moving the end of the first behind them, and joins the two. */
async function copyRange(
  copy: PartitionCopy,
  start: string,
  uncovered: UncoveredRange,
  signal: AbortSignal,
): Promise<"completed" | "interrupted"> {
  const { partition, state, runId } = copy;
  const result = await transfer<RowBatch>(
    {
      source: {
        batches: (aborted) =>
          copy.source.pages(copy.listing, partition.tenantId, uncovered, uncovered.extends, copy.read, aborted),
      },
      sink: { write: (batch, aborted) => copy.target.write(batch.body, aborted) },
      checkpoint: {
        confirm: (batch, receipt) =>
          confirm(state, partition, runId, batch, receipt, async (transaction) => {
            await saveCheckpoint(transaction, partition, { start, ...batch.end });
            await addCopied(transaction, partition, runId, receipt.written, batch.bytes);
          }),
      },
      pacing: copy.pacing,
      onConfirmed: (batch, receipt) => release(copy, batch, receipt),
    },
    signal,
  );
  if (result === "completed" && uncovered.upTo !== undefined) await joinRanges(state, partition, start, uncovered.upTo);
  return result;
}

/** Copies rows that are in PostgreSQL before the end of a confirmed range but neither in Elasticsearch nor among the record errors. */
async function copyLateRows(
  copy: PartitionCopy,
  before: ConfirmedRange,
  signal: AbortSignal,
): Promise<"completed" | "interrupted"> {
  const { partition, state } = copy;
  const listed = await copy.source.lateIds(copy.listing, partition.tenantId, before);
  const there = await copy.target.existing(listed);
  const absent = listed.filter((id) => !there.has(id));
  const refused = await knownRecordErrors(state, partition.dataType, absent);
  const missing = absent.filter((id) => !refused.has(id));
  if (missing.length === 0) return signal.aborted ? "interrupted" : "completed";
  return copyById(copy, pagesOf(missing, copy.read.limits.rows), {}, true, signal);
}

/** Looks again at rows that had not ended, and writes those whose document is another now. */
async function copyChangedRows(copy: PartitionCopy, signal: AbortSignal): Promise<"completed" | "interrupted"> {
  const { partition, state } = copy;
  const fingerprints = new Map<string, Buffer>();
  async function* openRows(): AsyncGenerator<string[]> {
    let page: OpenRow[] = [];
    do {
      page = await openRowsAfter(state, partition, page.at(-1)?.id ?? "", copy.read.limits.rows);
      fingerprints.clear();
      for (const row of page) fingerprints.set(row.id, row.fingerprint);
      yield page.map((row) => row.id);
    } while (page.length === copy.read.limits.rows);
  }
  const isUnchanged = (id: string, fingerprint: Buffer): boolean => fingerprints.get(id)?.equals(fingerprint) ?? false;
  const result = await copyById(copy, openRows(), { isUnchanged }, false, signal);
  if (result === "completed") await forgetAgedOpenRows(state, partition, openRowDays);
  return result;
}

async function copyById(
  copy: PartitionCopy,
  ids: AsyncIterable<readonly string[]>,
  filter: { isUnchanged?: (id: string, fingerprint: Buffer) => boolean },
  areNew: boolean,
  signal: AbortSignal,
): Promise<"completed" | "interrupted"> {
  const { partition, state, runId } = copy;
  return transfer<RowBatch>(
    {
      source: {
        batches: (aborted) => copy.source.rowsById(partition.tenantId, ids, { ...copy.read, ...filter }, aborted),
      },
      sink: { write: (batch, aborted) => copy.target.write(batch.body, aborted) },
      checkpoint: {
        confirm: (batch, receipt) =>
          confirm(state, partition, runId, batch, receipt, async (transaction) => {
            await forgetOpenRows(transaction, partition, [...batch.ended, ...batch.gone]);
            await addCopied(transaction, partition, runId, areNew ? receipt.written : 0, batch.bytes);
          }),
      },
      pacing: copy.pacing,
      onConfirmed: (batch, receipt) => release(copy, batch, receipt),
    },
    signal,
  );
}

/** One transaction for everything that follows from a confirmed batch. */
async function confirm(
  state: StateDatabase,
  partition: Partition,
  runId: string,
  batch: RowBatch,
  receipt: Receipt,
  more: (transaction: StateDatabase) => Promise<void>,
): Promise<void> {
  const refused = new Set(receipt.refused.map(({ id }) => id));
  await state.transaction().execute(async (transaction) => {
    await saveRecordErrors(transaction, partition, runId, receipt.refused);
    await rememberOpenRows(
      transaction,
      partition,
      batch.open.filter((row) => !refused.has(row.id)),
    );
    await more(transaction);
  });
}

function release(copy: PartitionCopy, batch: RowBatch, receipt: Receipt): void {
  copy.onConfirmed(batch, receipt);
  copy.read.bodies.giveBack(batch.body);
}

async function* pagesOf(ids: readonly string[], size: number): AsyncGenerator<string[]> {
  for (let at = 0; at < ids.length; at += size) yield ids.slice(at, at + size);
}
