import { deleteDocuments } from "../../stores/elasticsearch/documents/delete-documents.ts";
import { findIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { confirmedRanges } from "../state/checkpoints.ts";
import { forgetDeletedRows, rememberDeletedRows } from "../state/deleted-rows.ts";
import { forgetOpenRowsOf } from "../state/open-rows.ts";
import { addCopied, finishCopying, readPartition } from "../state/partitions.ts";
import { purgedRecords } from "../state/purge.ts";
import type { Partition } from "../partitions/log-types.ts";
import { beginCopying } from "../copying/begin-copying.ts";
import type { RowCopy } from "../copying/copy-rows.ts";
import { partitionCopy } from "../copying/copy-run.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { isConfirmed } from "./confirmed-rows.ts";
import type { DirtyRun } from "./dirty-run.ts";

/** A document whose row is not in its partition. */
export interface Rowless {
  readonly id: string;
  /** Of the row when it was there; undefined where it is not known. */
  readonly createdAt?: string | undefined;
  /** `moved`: the row is elsewhere now. The others: it was deleted. */
  readonly why: "moved" | "deleted" | "kept";
}

/**
 * Deletes documents of the partition whose row is not in it, and remembers those that are kept though their row was deleted. The caller holds the
 * partition's lock: a row that is there again, or that cleanup-pg deleted, keeps its document.
 */
export async function removeDocuments(
  dirty: DirtyRun,
  source: SourceTable,
  partition: Partition,
  rowless: readonly Rowless[],
): Promise<void> {
  const { copy: all, run } = dirty;
  const { state, elasticsearch, settings } = all.connections;
  const known = await readPartition(state, partition);
  const copy = known?.state === "expired" ? undefined : partitionCopy(all, source, partition);
  const ids = rowless.map(({ id }) => id);
  if (copy === undefined || (await findIndex(elasticsearch, copy.target.index)) === undefined)
    return forgetDeletedRows(state, partition, ids); // there are no documents

  const rows = await copy.source.locate(ids, settings.sourceTimeZone);
  const purged = await purgedRecords(state, partition.dataType, ids);
  const absent = rowless.filter(({ id, why }) => {
    const row = rows.get(id);
    const isHere = row?.tenantId === partition.tenantId && row.month === partition.month;
    return !isHere && (why === "moved" || !purged.has(id));
  });
  const there = await copy.target.existing(absent.filter(({ why }) => why === "kept").map(({ id }) => id));
  const kept = absent.filter(({ id }) => there.has(id));
  const removed = absent.filter(({ why }) => why !== "kept");
  await state.transaction().execute(async (transaction) => {
    await forgetDeletedRows(
      transaction,
      partition,
      difference(
        ids,
        removed.map(({ id }) => id),
      ),
    );
    await rememberDeletedRows(transaction, partition, kept);
    await forgetOpenRowsOf(
      transaction,
      partition,
      absent.map(({ id }) => id),
    );
  });
  dirty.counters.add("kept", kept.length);
  if (removed.length === 0) return;
  const { stateBefore } = await beginCopying(copy, false, run.signal);
  await deleteAll(dirty, copy, removed);
  if (stateBefore !== undefined && stateBefore !== "copying") await finishCopying(state, partition, run.id);
}

/** More make the request slow to answer without making the whole faster. */
const idsPerRequest = 2000;

async function deleteAll(dirty: DirtyRun, copy: RowCopy, removed: readonly Rowless[]): Promise<void> {
  const { state, partition, target, runId } = copy;
  const ranges = await confirmedRanges(state, partition);
  await copy.beforeWrite();
  dirty.written.set(target.index, target);
  for (let at = 0; at < removed.length; at += idsPerRequest) {
    const some = removed.slice(at, at + idsPerRequest);
    const ids = some.map(({ id }) => id);
    const gone = new Set(await deleteDocuments(copy.elasticsearch, target.index, ids, runId));
    const deleted = some.filter(({ id }) => gone.has(id));
    const counted = deleted.filter(({ id, createdAt }) => isConfirmed(ranges, id, createdAt));
    await state.transaction().execute(async (transaction) => {
      await forgetDeletedRows(transaction, partition, ids);
      await addCopied(transaction, partition, runId, -counted.length, 0);
    });
    dirty.counters.add("moved", deleted.filter(({ why }) => why === "moved").length);
    dirty.counters.add("deleted", deleted.filter(({ why }) => why === "deleted").length);
  }
}

function difference(ids: readonly string[], others: readonly string[]): string[] {
  const without = new Set(others);
  return ids.filter((id) => !without.has(id));
}
