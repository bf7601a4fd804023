import type { TransferEnd } from "../../engine/transfer.ts";
import { type ConfirmedRange, confirmedRanges } from "../state/partitions/checkpoints.ts";
import { rememberApplied } from "../state/dirty/applied-rows.ts";
import { forgetIds } from "../state/partitions/forget-ids.ts";
import { settleDirty } from "../state/dirty/dirty-rows.ts";
import { forgetPurgedOf } from "../state/cleanup/purged-rows.ts";
import { finishCopying, readPartition } from "../state/partitions/partitions.ts";
import type { Partition } from "../partitions/log-types.ts";
import { beginCopying } from "../copying/begin-copying.ts";
import { pagesOf } from "../copying/pages-of.ts";
import { copyById } from "../copying/copy-rows.ts";
import type { RowCopy } from "../copying/row-copy.ts";
import { partitionCopy } from "../copying/copy-run.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { isConfirmed } from "./plan/confirmed-rows.ts";
import type { DirtyRun } from "./dirty-run.ts";
import type { PlannedRecord } from "./plan/planned-record.ts";

/**
 * Writes the rows into their partition, as they are now, and says which were read there. The entries of those that have
 * nothing else to be done are settled together with the documents. The caller holds the partition's lock. An expired
 * partition is left alone.
 */
export async function writeRows(
  dirty: DirtyRun,
  source: SourceTable,
  partition: Partition,
  planned: readonly PlannedRecord[],
): Promise<"expired" | { readonly end: TransferEnd; readonly read: ReadonlySet<string> }> {
  const { copy: all, run, counters } = dirty;
  const known = await readPartition(all.connections.state, partition);
  if (known?.state === "expired") return "expired";
  const copy = partitionCopy(all, source, partition);
  const { stateBefore } = await beginCopying(copy, false, run.signal);
  dirty.written.set(copy.target.index, copy.target);
  const settled = new Map(
    planned.filter(({ remove }) => remove.length === 0).map(({ record }) => [record.id, record.versions]),
  );
  const read = new Set<string>();
  const counted = new Set<string>();
  const ranges = await confirmedRanges(copy.state, partition);
  const behind = idsBehind(ranges, planned);
  const uncounted = await withoutDocument(copy, behind);
  let end: TransferEnd = "completed";
  for (const areNew of [false, true]) {
    const ids = planned.map(({ record }) => record.id).filter((id) => uncounted.has(id) === areNew);
    if (ids.length === 0 || end === "interrupted") continue;
    end = await copyById(
      copy,
      pagesOf(ids, copy.read.limits.rows),
      {
        isUnchanged: () => false,
        areNew,
        onConfirm: async (transaction, done) => {
          const versions = done.flatMap((id) => settled.get(id) ?? []);
          await settleDirty(transaction, versions);
          await forgetIds(transaction, "deleted_rows", partition, done);
          await forgetPurgedOf(transaction, partition, done);
          await rememberApplied(
            transaction,
            partition,
            done.filter((id) => !behind.has(id)),
          );
          for (const id of done) read.add(id);
          // a transaction that lost to others is tried again
          const fresh = versions.filter((version) => !counted.has(version));
          for (const version of fresh) counted.add(version);
          counters.add("entries", fresh.length);
          dirty.progress.advanced(progressKey, fresh.length, 0);
        },
      },
      run.signal,
    );
  }
  if (stateBefore !== undefined && stateBefore !== "copying") await finishCopying(copy.state, partition, copy.runId);
  return { end, read };
}

export const progressKey = "dirty rows";

function idsBehind(ranges: readonly ConfirmedRange[], rows: readonly PlannedRecord[]): ReadonlySet<string> {
  const behind = rows.filter(({ record, write }) => isConfirmed(ranges, record.id, write?.createdAt));
  return new Set(behind.map(({ record }) => record.id));
}

/**
 * Of rows before a checkpoint those that have no document: no copy will come to them any more, so they are counted as
 * copied now.
 */
async function withoutDocument({ target }: RowCopy, behind: ReadonlySet<string>): Promise<Set<string>> {
  const there = await target.existing([...behind]);
  return new Set([...behind].filter((id) => !there.has(id)));
}
