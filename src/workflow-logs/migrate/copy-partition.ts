import type { TransferEnd } from "../../engine/transfer.ts";
import { type ConfirmedRange, confirmedRanges } from "../state/checkpoints.ts";
import { forgetAgedOpenRows, type OpenRow, openRowsAfter } from "../state/open-rows.ts";
import { finishCopying, type KnownPartition, readPartition } from "../state/partitions.ts";
import { knownRecordErrors } from "../state/record-errors.ts";
import type { Listing } from "../rows/row-query.ts";
import type { TimeRange } from "../partitions/scope.ts";
import { beginCopying } from "../copying/begin-copying.ts";
import { copyById, copyRange, type RowCopy } from "../copying/copy-rows.ts";
import { uncoveredRanges } from "../partitions/uncovered-ranges.ts";

export interface PartitionCopy extends RowCopy {
  readonly listing: Listing;
  /** The part of its month to copy. */
  readonly range: TimeRange;
  readonly coversWholeMonth: boolean;
  readonly fromNothing: boolean;
  readonly onBegun: (known: KnownPartition) => void;
}

/** Rows that have not ended this long after they were first copied have crashed: they are looked at no more. */
const openRowDays = 30;
const idsLookedUpAtOnce = 10_000;

/**
 * Brings one partition up to date: rows behind its checkpoints, rows inserted late before them, and rows that had not ended when they were
 * copied. The caller holds the partition's lock. When it ends, by itself or interrupted, everything confirmed is in the checkpoints.
 */
export async function copyPartition(copy: PartitionCopy, signal: AbortSignal): Promise<TransferEnd> {
  const { partition, state, target, range } = copy;
  if (!copy.fromNothing && (await readPartition(state, partition))?.state === "expired") return "completed"; // a sweep came between the plan and the lock
  const known = await beginCopying(copy, copy.fromNothing, signal);
  copy.onBegun(known);
  const confirmed = await confirmedRanges(state, partition);

  const uncoveredNow = uncoveredRanges(range, confirmed);
  const start = uncoveredNow[0]?.extends?.start ?? range.from; // each range copied joins the ones beside it
  for (const uncovered of uncoveredNow) {
    if ((await copyRange(copy, copy.listing, start, uncovered, signal)) === "interrupted") return "interrupted";
  }
  for (const before of confirmed) {
    if ((await copyLateRows(copy, before, signal)) === "interrupted") return "interrupted";
  }
  if ((await copyChangedRows(copy, signal)) === "interrupted") return "interrupted";

  if (copy.wasWritten() || known.stateBefore === "copying") await target.refresh();
  if (copy.coversWholeMonth) await finishCopying(state, partition, copy.runId);
  return "completed";
}

/** Copies rows that are in PostgreSQL before the end of a confirmed range but neither in Elasticsearch nor among the record errors. */
async function copyLateRows(copy: PartitionCopy, before: ConfirmedRange, signal: AbortSignal): Promise<TransferEnd> {
  const { partition, state, pacing } = copy;
  await pacing.unpaused(signal);
  const listed = await copy.source.lateIds(copy.listing, partition.tenantId, before);
  const absent: string[] = [];
  for await (const ids of pagesOf(listed, idsLookedUpAtOnce)) {
    await pacing.unpaused(signal);
    const there = await copy.target.existing(ids);
    absent.push(...ids.filter((id) => !there.has(id)));
  }
  const refused = await knownRecordErrors(state, partition.dataType, absent);
  const missing = absent.filter((id) => !refused.has(id));
  if (missing.length === 0) return signal.aborted ? "interrupted" : "completed";
  return copyById(copy, pagesOf(missing, copy.read.limits.rows), { areNew: true }, signal);
}

/** Looks again at rows that had not ended, and writes those whose document is another now. */
async function copyChangedRows(copy: PartitionCopy, signal: AbortSignal): Promise<TransferEnd> {
  const { partition, state } = copy;
  const fingerprints = new Map<string, Buffer>();
  async function* openRows(): AsyncGenerator<string[]> {
    const pageRows = copy.read.limits.rows; // the limit may change between two pages
    let page: OpenRow[] = [];
    do {
      page = await openRowsAfter(state, partition, page.at(-1)?.id ?? "", pageRows);
      fingerprints.clear();
      for (const row of page) fingerprints.set(row.id, row.fingerprint);
      yield page.map((row) => row.id);
    } while (page.length === pageRows);
  }
  const isUnchanged = (id: string, fingerprint: Buffer): boolean => fingerprints.get(id)?.equals(fingerprint) ?? false;
  const result = await copyById(copy, openRows(), { isUnchanged, areNew: false }, signal);
  if (result === "completed") await forgetAgedOpenRows(state, partition, openRowDays);
  return result;
}

export async function* pagesOf(ids: readonly string[], size: number): AsyncGenerator<string[]> {
  for (let at = 0; at < ids.length; at += size) yield ids.slice(at, at + size);
}
