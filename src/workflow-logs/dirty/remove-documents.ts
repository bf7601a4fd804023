import { confirmedRanges } from "../state/partitions/checkpoints.ts";
import { deletedRowsOf, rememberDeletedRows } from "../state/dirty/deleted-rows.ts";
import { waitingVersions } from "../state/dirty/dirty-rows.ts";
import { forgetIds } from "../state/partitions/forget-ids.ts";
import { addCopied, finishCopying, readPartition } from "../state/partitions/partitions.ts";
import { requestDeleteOfPurgedNodes } from "../state/dirty/requested-deletes.ts";
import { forgetPurgedOf, purgedPlaces } from "../state/cleanup/purged-rows.ts";
import type { Partition } from "../partitions/log-types.ts";
import { beginCopying } from "../copying/begin-copying.ts";
import type { RowCopy } from "../copying/row-copy.ts";
import { partitionCopy } from "../copying/copy-run.ts";
import { deleteOlder } from "../copying/delete-older.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import type { LocatedRow } from "../rows/postgres-logs.ts";
import { sourceVersion } from "../documents/source-version.ts";
import { isConfirmed } from "./plan/confirmed-rows.ts";
import { isSamePlace } from "./plan/dirty-records.ts";
import type { DirtyRun } from "./dirty-run.ts";
import { hasDocument } from "./plan/has-document.ts";

/** A document whose row is not in its partition. */
export interface Rowless {
  readonly id: string;
  /** The newest note that says so; undefined for a document that was kept before. */
  readonly note?: string | undefined;
  /** Of the row when it was there; undefined where it is not known. */
  readonly createdAt?: string | undefined;
  /** `moved`: the row is elsewhere now. The others: it was deleted. */
  readonly why: "moved" | "deleted" | "kept";
  /** The row, or what was purged of it, was found in another place: there, and only then, is another document of it. */
  readonly isElsewhere?: boolean;
}

/**
 * Deletes documents of the partition whose row is not in it, and remembers those that are kept though their row was
 * deleted. The caller holds the partition's lock. A document stays when its row is there again, and when the newest
 * note that was read of it is gone: what came after that is not known here. Returns the ids of those that are to be
 * planned anew, none of whose notes may be settled: those whose note is gone, for a compaction may have taken only that
 * one, and those whose row was found in another place and is in none now, nor purged from one.
 */
export async function removeDocuments(
  dirty: DirtyRun,
  source: SourceTable,
  partition: Partition,
  all: readonly Rowless[],
): Promise<ReadonlySet<string>> {
  const { copy: run } = dirty;
  const { state, postgres, settings } = run.connections;
  const known = await readPartition(state, partition);
  const copy = known?.state === "expired" ? undefined : partitionCopy(run, source, partition);
  const none: ReadonlySet<string> = new Set();
  if (copy === undefined || (await copy.target.find()) === undefined) {
    const ids = all.map(({ id }) => id); // there are no documents
    await forgetIds(state, "deleted_rows", partition, ids);
    return none;
  }

  const rowless = await stillMeant(dirty, partition, all);
  const meant = new Set(rowless);
  const passedOver = all.filter((one) => one.note !== undefined && !meant.has(one)).map(({ id }) => id);
  const ids = rowless.map(({ id }) => id);
  // before the rows are looked for: a document of a row that is read later is left
  const version = await sourceVersion(postgres);
  const rows = await copy.source.locate(ids, settings.sourceTimeZone);
  const absent = rowless.filter(({ id }) => !isHere(partition, rows.get(id)));
  const waiting = await leftForNothing(dirty, source, partition, absent, rows);
  const toPlanAnew = new Set([...waiting, ...passedOver]);
  const there = await copy.target.existing(absent.filter(({ why }) => why === "kept").map(({ id }) => id));
  const kept = absent.filter(({ id }) => there.has(id));
  const removed = absent.filter(({ id, why }) => why !== "kept" && !waiting.has(id));
  const removedIds = new Set(removed.map(({ id }) => id));
  await state.transaction().execute(async (transaction) => {
    const settled = ids.filter((id) => !removedIds.has(id) && !waiting.has(id));
    await forgetIds(transaction, "deleted_rows", partition, settled);
    await rememberDeletedRows(transaction, partition, kept);
    await forgetPurgedOf(
      transaction,
      partition,
      kept.map(({ id }) => id),
    );
    await forgetIds(
      transaction,
      "open_rows",
      partition,
      absent.map(({ id }) => id),
    );
  });
  dirty.counters.add("kept", kept.length);
  if (removed.length === 0) return toPlanAnew;
  const { stateBefore } = await beginCopying(copy, false, dirty.run.signal);
  await deleteAll(dirty, copy, removed, version);
  if (stateBefore !== undefined && stateBefore !== "copying") await finishCopying(state, partition, dirty.run.id);
  return toPlanAnew;
}

function isHere(partition: Partition, row: LocatedRow | undefined): boolean {
  return row?.tenantId === partition.tenantId && row.month === partition.month;
}

/**
 * Those whose note, or entry among the documents kept before, is still there: while one waits its row is not purged.
 */
async function stillMeant(
  { copy }: DirtyRun,
  partition: Partition,
  rowless: readonly Rowless[],
): Promise<readonly Rowless[]> {
  const { state } = copy.connections;
  const notes = await waitingVersions(
    state,
    rowless.flatMap(({ note }) => note ?? []),
  );
  const before = rowless.filter(({ note }) => note === undefined).map(({ id }) => id);
  const kept = await deletedRowsOf(state, partition.dataType, before);
  const keptHere = new Set(kept.filter((place) => isSamePlace(place, partition)).map(({ id }) => id));
  return rowless.filter(({ id, note }) => (note === undefined ? keptHere.has(id) : notes.has(note)));
}

/** Those whose row was elsewhere, and nothing of it is there now. */
async function leftForNothing(
  dirty: DirtyRun,
  source: SourceTable,
  partition: Partition,
  absent: readonly Rowless[],
  rows: ReadonlyMap<string, LocatedRow>,
): Promise<Set<string>> {
  const lost = absent.filter(({ id, isElsewhere }) => isElsewhere === true && !rows.has(id)).map(({ id }) => id);
  const purged = await purgedPlaces(dirty.copy.connections.state, partition.dataType, lost);
  const waiting = new Set<string>();
  for (const id of lost) {
    const home = purged.get(id);
    const isAway = home !== undefined && !isSamePlace(home, partition);
    if (!isAway || !(await hasDocument(dirty, source, home, id))) waiting.add(id);
  }
  return waiting;
}

/** More make the request slow to answer without making the whole faster. */
const idsPerRequest = 2000;

async function deleteAll(dirty: DirtyRun, copy: RowCopy, removed: readonly Rowless[], version: string): Promise<void> {
  const { state, partition, target, runId } = copy;
  const ranges = await confirmedRanges(state, partition);
  await copy.beforeWrite();
  dirty.written.set(target.index, target);
  for (let at = 0; at < removed.length; at += idsPerRequest) {
    const some = removed.slice(at, at + idsPerRequest);
    const ids = some.map(({ id }) => id);
    const gone = new Set(await deleteOlder(copy, target.index, ids, version, runId));
    const deleted = some.filter(({ id }) => gone.has(id));
    const counted = deleted.filter(({ id, createdAt }) => isConfirmed(ranges, id, createdAt));
    await state.transaction().execute(async (transaction) => {
      if (partition.dataType === "workflow_runs") {
        const runs = some.filter(({ why }) => why === "deleted").map(({ id: run }) => run);
        await requestDeleteOfPurgedNodes(transaction, partition.tenantId, runs);
      }
      await forgetIds(transaction, "deleted_rows", partition, ids);
      await forgetPurgedOf(transaction, partition, ids);
      await addCopied(transaction, partition, runId, -counted.length, 0);
    });
    dirty.counters.add("moved", deleted.filter(({ why }) => why === "moved").length);
    dirty.counters.add("deleted", deleted.filter(({ why }) => why === "deleted").length);
  }
}
