import type { TransferEnd } from "../../engine/transfer.ts";
import { type ConfirmedRange, confirmedRanges, holdCheckpointsBack } from "../state/partitions/checkpoints.ts";
import { rememberApplied } from "../state/dirty/applied-rows.ts";
import { voidListed } from "../state/partitions/listed-scopes.ts";
import { forgetAgedOpenRows, type OpenRow, openRowsAfter } from "../state/partitions/open-rows.ts";
import { finishCopying, type KnownPartition, readPartition, setCopiedRows } from "../state/partitions/partitions.ts";
import type { Listing } from "../rows/row-query.ts";
import type { TimeRange } from "../partitions/scope.ts";
import { beginCopying } from "../copying/begin-copying.ts";
import { copyById, copyRange } from "../copying/copy-rows.ts";
import { pagesOf } from "../copying/pages-of.ts";
import type { RowCopy } from "../copying/row-copy.ts";
import { copyMissing, type Missing } from "./copy-missing.ts";
import { withoutDocument } from "./without-document.ts";
import { uncoveredRanges } from "../partitions/uncovered-ranges.ts";

export interface PartitionCopy extends RowCopy {
  readonly listing: Listing;
  /** The part of its month to copy. */
  readonly range: TimeRange;
  readonly coversWholeMonth: boolean;
  readonly fromNothing: boolean;
  /** It has fewer documents than it should: all rows behind its checkpoints are looked at. */
  readonly lacksDocuments: boolean;
  /** Rows that had not ended when they were copied may be others now without a note of it. */
  readonly looksAtOpenRows: boolean;
  readonly onMissing: (missing: Missing) => void;
  /** Rows of the plan that are left as they are. */
  readonly onFoundAhead: (rows: number) => void;
  readonly onBegun: (known: KnownPartition) => void;
}

/** Rows that have not ended this long after they were first copied have crashed: they are looked at no more. */
const openRowDays = 30;

/**
 * Brings one partition up to date: rows behind its checkpoints, rows inserted late before them, and rows that had not
 * ended when they were copied. The caller holds the partition's lock. When it ends, by itself or interrupted,
 * everything confirmed is in the checkpoints.
 */
export async function copyPartition(copy: PartitionCopy, signal: AbortSignal): Promise<TransferEnd> {
  const { partition, state, target, range } = copy;
  // a sweep came between the plan and the lock
  if (!copy.fromNothing && (await readPartition(state, partition))?.state === "expired") return "completed";
  const known = await beginCopying(copy, copy.fromNothing, signal);
  copy.onBegun(known);
  const now = await copy.source.now(copy.rowsOf.timeZone);
  await holdBack(copy, now);
  const confirmed = await confirmedRanges(state, partition);

  const past = endingAt(range, now);
  const uncoveredNow = past === undefined ? [] : uncoveredRanges(past, confirmed);
  const start = uncoveredNow[0]?.extends?.start ?? range.from; // each range copied joins the ones beside it
  for (const uncovered of uncoveredNow) {
    if ((await copyRange(copy, copy.listing, start, uncovered, signal)) === "interrupted") return "interrupted";
  }
  const ahead = { from: past?.to ?? range.from, to: range.to };
  if (past !== range && (await copyAhead(copy, ahead, signal)) === "interrupted") return "interrupted";
  for (const before of confirmed) {
    if ((await copyLateRows(copy, before, signal)) === "interrupted") return "interrupted";
  }
  if (copy.lacksDocuments) {
    const { end, missing } = await copyMissing(copy, confirmed, signal);
    copy.onMissing(missing);
    if (missing.lost > 0) await voidListed(state, partition); // each run says so, until it is mended
    if (end === "interrupted") return end;
  }
  if (copy.looksAtOpenRows && (await copyChangedRows(copy, signal)) === "interrupted") return "interrupted";

  if (copy.wasWritten() || known.stateBefore === "copying") await target.refresh();
  if (copy.coversWholeMonth) await finishCopying(state, partition, copy.runId);
  return "completed";
}

/**
 * Rows that a copy which failed has left: behind the checkpoints as planned and counted again, before them as far as
 * the index can be read, and those that had not ended and have changed.
 */
export async function rowsThatWait(copy: PartitionCopy, planned: { readonly rows: number }): Promise<number> {
  const { partition, state, source, range } = copy;
  const confirmed = await confirmedRanges(state, partition);
  if (confirmed.length === 0) return planned.rows;
  const notCopied = await Promise.all(
    uncoveredRanges(range, confirmed).map((uncovered) => source.countBehind(partition, uncovered, uncovered.extends)),
  );
  const late = await Promise.all(confirmed.map((before) => missingBefore(copy, before).catch(() => [])));
  const changed = copy.looksAtOpenRows ? await countChangedRows(copy) : 0;
  return sum(notCopied) + sum(late.map((ids) => ids.length)) + changed;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}

/**
 * A checkpoint of an earlier run may lie in the future: where a row was dated ahead, nothing would be copied until
 * then.
 */
async function holdBack({ partition, source, state, runId, target }: PartitionCopy, now: string): Promise<void> {
  const firstId = source.source.layout.idKind === "uuid" ? "00000000-0000-0000-0000-000000000000" : "";
  if (!(await holdCheckpointsBack(state, partition, now, firstId))) return;
  const counted = (await readPartition(state, partition))?.copiedRows ?? 0;
  await target.refresh();
  const ranges = await confirmedRanges(state, partition);
  let behind = 0;
  for (const range of ranges) behind += (await source.idsBehind(partition.tenantId, range)).length;
  await setCopiedRows(state, partition, runId, Math.min(counted, behind, await target.count()));
}

/** The part of the range before an instant; undefined when there is none, the range itself when all of it is. */
function endingAt(range: TimeRange, instant: string): TimeRange | undefined {
  if (range.from >= instant) return undefined;
  return range.to.length > instant.length || range.to > instant ? { from: range.from, to: instant } : range;
}

/**
 * Copies the rows of a range whose time has not come by the source's clock, those that are in Elasticsearch or among
 * the record errors already left alone. No checkpoint moves, and none of them counts as confirmed: rows may come before
 * them for as long, so each run looks at them again until then.
 */
async function copyAhead(copy: PartitionCopy, ahead: TimeRange, signal: AbortSignal): Promise<TransferEnd> {
  const listed = await copy.source.idsIn(copy.listing, copy.partition.tenantId, ahead);
  await rememberApplied(copy.state, copy.partition, listed); // however the next run lists rows, it looks at these
  let missing = 0;
  async function* absent(): AsyncGenerator<string[]> {
    const toCopy = copy.fromNothing ? pagesOf(listed, listed.length) : withoutDocument(copy, listed, signal);
    for await (const ids of toCopy) {
      missing += ids.length;
      for await (const page of pagesOf(ids, copy.read.limits.rows)) yield page;
    }
  }
  const end = await copyById(copy, absent(), { areNew: false, origin: "planned" }, signal);
  if (end === "completed") copy.onFoundAhead(listed.length - missing);
  return end;
}

/**
 * Copies rows that are in PostgreSQL before the end of a confirmed range but neither in Elasticsearch nor among the
 * record errors.
 */
async function copyLateRows(copy: PartitionCopy, before: ConfirmedRange, signal: AbortSignal): Promise<TransferEnd> {
  await copy.pacing.unpaused(signal);
  const missing = await missingBefore(copy, before, signal);
  if (missing.length === 0) return signal.aborted ? "interrupted" : "completed";
  return copyById(copy, pagesOf(missing, copy.read.limits.rows), { areNew: true }, signal);
}

/** Ids of the rows in the overlap window before the end of a confirmed range that are in neither place. */
async function missingBefore(copy: PartitionCopy, before: ConfirmedRange, signal?: AbortSignal): Promise<string[]> {
  const listed = await copy.source.lateIds(copy.listing, copy.partition.tenantId, before);
  const missing: string[] = [];
  for await (const absent of withoutDocument(copy, listed, signal)) missing.push(...absent);
  return missing;
}

/** Looks again at rows that had not ended, and writes those whose document is another now. */
async function copyChangedRows(copy: PartitionCopy, signal: AbortSignal): Promise<TransferEnd> {
  const { ids, isUnchanged } = openRowsOf(copy);
  const result = await copyById(copy, ids, { isUnchanged, areNew: false }, signal);
  if (result === "completed") await forgetAgedOpenRows(copy.state, copy.partition, openRowDays);
  return result;
}

/** How many of the rows that had not ended are others now. */
async function countChangedRows(copy: PartitionCopy): Promise<number> {
  const { ids, isUnchanged } = openRowsOf(copy);
  let changed = 0;
  const read = { ...copy.read, isUnchanged };
  for await (const batch of copy.source.rowsById(copy.rowsOf, ids, read, new AbortController().signal)) {
    changed += batch.records;
    copy.read.bodies.giveBack(batch.body);
  }
  return changed;
}

/** Their ids, a page at a time, and whether a row of the page that was read last is as it was copied. */
function openRowsOf(copy: PartitionCopy): {
  ids: AsyncIterable<string[]>;
  isUnchanged: (id: string, fingerprint: Buffer) => boolean;
} {
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
  return { ids: openRows(), isUnchanged };
}
