import { once } from "../../engine/once.ts";
import type { RefusalLimit } from "../../engine/refusal-limit.ts";
import { transfer, type TransferEnd } from "../../engine/transfer.ts";
import type { BulkBodies } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { beginPartition } from "../state/partitions/partitions.ts";
import { purgedSizes } from "../state/cleanup/purged-documents.ts";
import { recordLostRows, saveRestoreFindings } from "../state/restore/restore-findings.ts";
import { beginRestore, interruptedRestore, markRestored, saveRestoreProgress } from "../state/restore/restores.ts";
import type { Run } from "../../runs/run.ts";
import { comparisonRenderer } from "../compare/comparison-renderer.ts";
import type { Connections } from "../connections.ts";
import { awaitLateRequests } from "../copying/late-requests.ts";
import { partitionKey } from "../partitions/log-types.ts";
import { whenFree } from "../partitions/partition-lock.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { liveBatchLimits } from "../../runs/batch-limits.ts";
import type { RunPacing } from "../../runs/run-limits.ts";
import { type ArchivedBatch, ArchivedDocuments } from "./documents/archived-batches.ts";
import type { RestoreOptions } from "./options.ts";
import { Outcome, type RowCounts } from "./row-fates.ts";
import type { PlannedRestore } from "./plan-restore.ts";
import type { RestoreCounters } from "./report.ts";
import { restoreFiles } from "./restore-files.ts";
import { type RestoreReceipt, RowRestorer } from "./restore-rows.ts";
import type { RestoreTable } from "./restore-tables.ts";

/** What all partitions of a restore share. */
export interface Restore {
  readonly connections: Connections;
  readonly options: RestoreOptions;
  readonly counters: RestoreCounters;
  readonly progress: ProgressSink;
  readonly pacing: RunPacing;
  readonly bodies: BulkBodies;
  readonly refusals: RefusalLimit;
  /** A dry run may come before anything of ours is in the database. */
  readonly hasState: boolean;
}

/**
 * Brings the documents of one partition back, from where an interrupted restore of the same range stopped. Everything
 * dealt with is in the state when it ends, by itself or interrupted. Another run that works on the partition is waited
 * for.
 */
export function restorePartition(
  restore: Restore,
  run: Run,
  table: RestoreTable,
  planned: PlannedRestore,
): Promise<TransferEnd> {
  const { connections, counters } = restore;
  const { state } = connections;
  const partition = { dataType: planned.dataType, tenantId: planned.tenantId, month: planned.month };
  const target = { indexUuid: planned.index.uuid, ...planned.range };
  return whenFree(run, partition, async () => {
    const before = await interruptedRestore(state, partition, target);
    await awaitLateRequests(state, connections.elasticsearch, partition, run.signal);
    await beginPartition(state, partition, planned.index, { id: run.id, fromNothing: false });
    await beginRestore(state, partition, run.id, target, before);
    const soFar = new Outcome();
    soFar.addCounts((before?.counts ?? {}) as Record<string, RowCounts>);
    counters.add(partition, soFar.counts, 0);
    if (before?.isDone === true) {
      counters.partitionDone(0);
      return "completed";
    }
    let lastId = before?.lastId ?? null;
    const end = await moveDocuments(restore, table, planned, run.signal, {
      after: lastId ?? undefined,
      writing: { runId: run.id, beforeInsert: once(() => markRestored(state, partition, run.id)) },
      confirm: async (batch, outcome) => {
        soFar.addCounts(outcome.counts);
        lastId = batch.lastKey ?? lastId;
        await state.transaction().execute(async (transaction) => {
          await saveRestoreFindings(transaction, partition, run.id, outcome.findings);
          await saveRestoreProgress(transaction, partition, run.id, { lastId, isDone: false, counts: soFar.counts });
        });
      },
    });
    if (end === "interrupted") return "interrupted";
    if (table.offloads !== undefined) {
      const files = await restoreFiles(connections, partition, planned.index.name, table.offloads.table, run);
      soFar.addCounts(files.counts);
      counters.add(planned, files.counts, 0);
      counters.found(files.findings);
      await saveRestoreFindings(state, partition, run.id, files.findings);
    }
    const lost = planned.coversWholeMonth ? await recordLostRows(state, partition, table.table.name, run.id) : 0;
    await saveRestoreProgress(state, partition, run.id, { lastId, isDone: true, counts: soFar.counts });
    counters.partitionDone(lost);
    return "completed";
  });
}

/** Says what would become of the documents of one partition. Reads only, in both stores. */
export async function compareOnly(
  restore: Restore,
  table: RestoreTable,
  planned: PlannedRestore,
  signal: AbortSignal,
): Promise<TransferEnd> {
  const end = await moveDocuments(restore, table, planned, signal, {
    after: undefined,
    writing: undefined,
    confirm: async () => {},
  });
  if (end === "completed") restore.counters.partitionDone(0);
  return end;
}

interface Move {
  /** The id behind which to begin. */
  readonly after: string | undefined;
  readonly writing: { readonly runId: string; readonly beforeInsert: () => Promise<void> } | undefined;
  readonly confirm: (batch: ArchivedBatch, outcome: Outcome) => Promise<void>;
}

function moveDocuments(
  { connections, options, counters, progress, pacing, bodies, refusals, hasState }: Restore,
  { logType, table, layout, columns, offloads }: RestoreTable,
  planned: PlannedRestore,
  signal: AbortSignal,
  { after, writing, confirm }: Move,
): Promise<TransferEnd> {
  const { postgres, elasticsearch, settings, state } = connections;
  const limits = liveBatchLimits(pacing, { bytes: options.batchBytes });
  const unpaused = (aborted: AbortSignal): Promise<void> => pacing.unpaused(aborted);
  // Of a whole month all documents are looked at: one that was put into the wrong month is to be found.
  const range = planned.coversWholeMonth ? undefined : planned.range;
  const renderer = comparisonRenderer({ logType, layout }, settings);
  return transfer<ArchivedBatch, RestoreReceipt>(
    {
      source: new ArchivedDocuments(
        elasticsearch,
        { index: planned.index.name, range, after },
        limits,
        async (ids) => (hasState ? purgedSizes(state, planned.dataType, ids) : new Map()),
        unpaused,
      ),
      sink: new RowRestorer({
        pool: postgres,
        partition: planned,
        range: planned.range,
        comparison: { table, layout, renderer, bodies, limits },
        columns,
        offloads,
        includeDeleted: options.includeDeleted,
        acceptUnproven: options.acceptUnproven,
        hasState,
        writing,
        unpaused: () => unpaused(signal),
      }),
      checkpoint: { confirm: (batch, receipt) => confirm(batch, outcomeOf(batch, receipt, table.name)) },
      pacing,
      onConfirmed: (batch, receipt) => {
        const outcome = outcomeOf(batch, receipt, table.name);
        counters.add(planned, outcome.counts, batch.bytes);
        counters.found(outcome.findings);
        progress.advanced(partitionKey(planned), batch.records, batch.bytes);
        refusals.note(receipt);
      },
    },
    signal,
  );
}

/** One of vanished documents alone was never given to the sink. */
function outcomeOf(batch: ArchivedBatch, receipt: RestoreReceipt | undefined, table: string): Outcome {
  const outcome = new Outcome();
  if (receipt !== undefined) outcome.join(receipt.outcome);
  for (const id of batch.vanished)
    outcome.refuse(table, id, "its document was deleted from the index while it was being restored");
  return outcome;
}
