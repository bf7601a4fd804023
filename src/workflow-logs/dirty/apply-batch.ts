import type { TransferEnd } from "../../engine/transfer.ts";
import { sideBySide } from "../../engine/side-by-side.ts";
import { type DirtyEntry, settleDirty } from "../state/dirty/dirty-rows.ts";
import { forgetRecordErrors } from "../state/record-errors.ts";
import { failureOfOneMonth } from "../copying/closed-months.ts";
import type { Partition } from "../partitions/log-types.ts";
import { withPartition } from "../partitions/partition-lock.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { byPartition } from "./plan/by-partition.ts";
import type { Place } from "./plan/dirty-records.ts";
import type { DirtyRun } from "./dirty-run.ts";
import { planBatch } from "./plan/plan-batch.ts";
import type { PlannedRecord } from "./plan/planned-record.ts";
import { recordUnarchivable } from "./record-unarchivable.ts";
import { removeDocuments, type Rowless } from "./remove-documents.ts";
import { progressKey, writeRows } from "./write-rows.ts";

/** A batch has few rows of each partition: the requests of one alone would not keep the server busy. */
const partitionsAtOnce = 3;

/**
 * Applies entries of one data type, read in the order of their versions: first the rows are written where they are,
 * then documents go from where rows are no more, then exactly these entries are removed. No partition is waited for
 * while another is held; a record stays dirty when one of its partitions is busy.
 */
export async function applyBatch(
  dirty: DirtyRun,
  source: SourceTable,
  entries: readonly DirtyEntry[],
): Promise<TransferEnd> {
  const planned = await planBatch(dirty, source, entries);
  const unfinished = new Set(planned);
  await recordUnarchivable(
    dirty,
    source,
    planned.filter(({ isUnarchivable }) => isUnarchivable),
  );
  if ((await writeAll(dirty, source, planned, unfinished)) === "interrupted") return "interrupted";
  if ((await removeAll(dirty, source, planned, unfinished)) === "interrupted") return "interrupted";
  await settle(dirty, source, [...unfinished]);
  return "completed";
}

/** Takes records out of `unfinished` that are settled, or that have to wait. */
async function writeAll(
  dirty: DirtyRun,
  source: SourceTable,
  planned: readonly PlannedRecord[],
  unfinished: Set<PlannedRecord>,
): Promise<TransferEnd> {
  const { run, counters } = dirty;
  const writes = byPartition(
    source,
    planned.flatMap((one) => (one.write === undefined ? [] : [{ place: one.write, item: one }])),
  );
  const ends = await sideBySide(writes, partitionsAtOnce, async ({ partition, items }) => {
    await run.pacing.unpaused(run.signal);
    if (run.signal.aborted) return "interrupted";
    const done = await orBlocked(dirty, partition, items.length, () =>
      withPartition(run, partition, () => writeRows(dirty, source, partition, items)),
    );
    if (done === "expired") counters.dropped("expired", items.length);
    if (done === "busy") counters.busy(partition, items.length);
    if (done === "expired" || done === "busy" || done === "blocked") {
      if (done !== "expired") for (const one of items) unfinished.delete(one);
      return done;
    }
    // what was not read has moved or gone since it was planned: its notes stay, for the next pass
    for (const one of items) if (one.remove.length === 0 || !done.read.has(one.record.id)) unfinished.delete(one);
    return done.end;
  });
  return ends.includes("interrupted") ? "interrupted" : "completed";
}

/** Takes records out of `unfinished` that have to wait. */
async function removeAll(
  dirty: DirtyRun,
  source: SourceTable,
  planned: readonly PlannedRecord[],
  unfinished: Set<PlannedRecord>,
): Promise<TransferEnd> {
  const { run, counters } = dirty;
  const removals = byPartition(
    source,
    planned
      .filter((one) => unfinished.has(one))
      .flatMap((one) => rowlessOf(one).map(([place, item]) => ({ place, item: { one, ...item } }))),
  );
  for (const { partition, items } of removals) {
    await run.pacing.unpaused(run.signal);
    if (run.signal.aborted) return "interrupted";
    const end = await orBlocked(dirty, partition, items.length, () =>
      withPartition(run, partition, () => removeDocuments(dirty, source, partition, items)),
    );
    if (end === "busy") counters.busy(partition, items.length);
    const waits = end === "busy" || end === "blocked";
    for (const { one } of items) if (waits || end.has(one.record.id)) unfinished.delete(one);
  }
  return "completed";
}

/** A month that takes nothing leaves its records dirty and lets the others go on. */
async function orBlocked<T>(
  { counters }: DirtyRun,
  partition: Partition,
  records: number,
  work: () => Promise<T>,
): Promise<T | "blocked"> {
  try {
    return await work();
  } catch (error) {
    const failure = failureOfOneMonth(error);
    if (failure === undefined) throw error;
    counters.block(partition, records, failure);
    return "blocked";
  }
}

function rowlessOf({ record, isGone, dropped, remove, isDeletion, keep }: PlannedRecord): [Place, Rowless][] {
  const { id } = record;
  const note = record.versions.at(-1);
  const removed = remove.map((place): [Place, Rowless] => [
    place,
    {
      id,
      note,
      createdAt: place.createdAt,
      why: isDeletion ? "deleted" : "moved",
      isElsewhere: !isGone || dropped === "purged",
    },
  ]);
  return keep === undefined ? removed : [...removed, [keep, { id, note, createdAt: keep.createdAt, why: "kept" }]];
}

async function settle(
  { copy, counters, progress }: DirtyRun,
  source: SourceTable,
  finished: readonly PlannedRecord[],
): Promise<void> {
  const { state } = copy.connections;
  const versions = finished.flatMap(({ record }) => record.versions);
  const gone = finished.filter(({ isGone }) => isGone).map(({ record }) => record.id);
  await state.transaction().execute(async (transaction) => {
    await forgetRecordErrors(transaction, source.logType.dataType, gone);
    await settleDirty(transaction, versions);
  });
  for (const { dropped } of finished) if (dropped !== undefined) counters.dropped(dropped, 1);
  counters.add("entries", versions.length);
  progress.advanced(progressKey, versions.length, 0);
}
