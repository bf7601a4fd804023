import { isAbort } from "../../engine/errors.ts";
import type { TransferEnd } from "../../engine/transfer.ts";
import { compactDirty, dirtyBacklog, readDirty } from "../state/dirty/dirty-rows.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import { carryOutDeletes } from "../repositories/dual-write/deletes/carry-out-deletes.ts";
import { applyBatch } from "./apply-batch.ts";
import type { DirtyRun } from "./dirty-run.ts";
import { followKeptDeletes } from "./follow-kept-deletes.ts";

// src/workflow-logs/dirty applies what was noted of the platform's writes: rows are copied again where they are,
// documents go from where they are no more. Deciding is in plan/. A note is removed by its exact version, and never
// before it was applied.

/** Fewer leave a bulk request of each partition half empty; more are held in memory and repeated after a kill. */
const batchEntries = 20_000;

const deletesWait = "a delete that an application asked for waits for a partition that another run works on";

/** Applies the entries that are there when it begins. What has to wait stays; the counters say how much and why. */
export async function applyPass(all: DirtyRun): Promise<TransferEnd> {
  const { run, sources, scope, counters } = all;
  const { state } = all.copy.connections;
  const dirty = { ...all, copy: { ...all.copy, renderers: new Map(), copiedAt: new Date().toISOString() } };
  counters.beginPass();
  try {
    const unpaused = (): Promise<void> => run.pacing.unpaused(run.signal);
    await unpaused();
    // first, or their documents would be kept
    counters.waitFor(deletesWait, await carryOutDeletes(all.copy.connections, scope));
    if ((await dirtyBacklog(state, scope)).rows > batchEntries) await compactDirty(state, undefined, unpaused);
    for (const source of sources) {
      // For each anew: writing runs makes their app logs dirty, which come behind them.
      const { lastVersion } = await dirtyBacklog(state, scope);
      if ((await applySource(dirty, source, lastVersion)) === "interrupted") return "interrupted";
      if (dirty.followDeletes && (await followKeptDeletes(dirty, source)) === "interrupted") return "interrupted";
    }
    if (dirty.followDeletes) counters.waitFor(deletesWait, await carryOutDeletes(all.copy.connections, scope));
    counters.left(await dirtyBacklog(state, scope));
    return "completed";
  } catch (error) {
    if (run.signal.aborted && isAbort(error)) return "interrupted";
    throw error;
  }
}

async function applySource(dirty: DirtyRun, source: SourceTable, upTo: string): Promise<TransferEnd> {
  const { run, scope, copy } = dirty;
  const { state, settings } = copy.connections;
  const { dataType } = source.logType;
  const timeZone = zoneOf(source, settings.sourceTimeZone);
  for (let after = "0"; ;) {
    await run.pacing.unpaused(run.signal);
    if (run.signal.aborted) return "interrupted";
    const page = { dataType, tenantIds: scope.tenantIds, after, upTo, limit: batchEntries, timeZone };
    const entries = await readDirty(state, page);
    if (entries.length === 0) return "completed";
    if ((await applyBatch(dirty, source, entries)) === "interrupted") return "interrupted";
    after = entries.at(-1)!.version;
  }
}
