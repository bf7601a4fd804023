import { transfer, type TransferEnd } from "../../engine/transfer.ts";
import { BulkBodies } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { listPartitions } from "../state/partitions/partitions.ts";
import { finishPurging } from "../state/cleanup/purged-rows.ts";
import type { Run } from "../../runs/run.ts";
import { comparisonRenderer } from "../compare/comparison-renderer.ts";
import type { Connections } from "../connections.ts";
import { withNote } from "../documents/row-layout.ts";
import { type DataType, type Partition, partitionKey } from "../partitions/log-types.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { PostgresLogs, type ReadOptions, type RowsOf } from "../rows/postgres-logs.ts";
import type { RowBatch } from "../rows/row-batches.ts";
import type { Listing } from "../rows/row-query.ts";
import type { TimeRange } from "../partitions/scope.ts";
import { liveBatchLimits } from "../../runs/batch-limits.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import { type AtStep, type ComparedRow, type DeleteEnd, deleteRows } from "./delete-rows.ts";
import { inspectGate, openGate } from "./gates.ts";
import type { KnownActors } from "./key-effects.ts";
import type { CleanupOptions } from "./options.ts";
import type { DeletePace } from "./delete-pace.ts";
import { noteExpression } from "./purge-note.ts";
import { PurgeSink } from "./purge-sink.ts";
import type { RelatedTables } from "./tables/related-tables.ts";
import type { CleanupCounters } from "./report.ts";

/** What all partitions of a data type share in one cleanup. */
export interface TypePurge extends KnownActors {
  readonly connections: Connections;
  readonly options: CleanupOptions;
  readonly run: Run;
  readonly counters: CleanupCounters;
  readonly progress: ProgressSink;
  readonly pace: DeletePace;
  readonly source: SourceTable;
  readonly listing: Listing;
  readonly related: RelatedTables;
  /** SQL that is NULL when the row `t` may go. */
  readonly keepReason: string;
  /** A dry run's place of deletion: the rows count as deleted from then on. */
  readonly pretend: ((ids: readonly string[]) => Promise<void>) | undefined;
  readonly atStep: AtStep;
}

/** Pages as large as migrate's, so that as many documents are read back at once as were written at once. */
const pageLimits = { rows: 1000, bytes: 5 * 1024 * 1024 };

/**
 * Deletes the rows of one partition that the rules let go and whose documents hold the same; counts the others by
 * reason. The caller holds the partition's lock. When interrupted, or ended by force, the rest is still there and the
 * same call goes on with it.
 */
export async function purgePartition(
  purge: TypePurge,
  partition: Partition,
  { rows, bytes }: { readonly rows: number; readonly bytes: number },
  range: TimeRange,
): Promise<TransferEnd> {
  const { connections, options, run, counters, progress } = purge;
  const known = (await listPartitions(connections.state, [partition.tenantId])).find(
    (record) => record.dataType === partition.dataType && record.month === partition.month,
  );
  const gate = await openGate(connections, partition, known, options);
  if (gate.kept !== undefined) {
    counters.kept(partition.dataType, gate.kept, rows, bytes);
    return run.signal.aborted ? "interrupted" : "completed";
  }
  const { logs, read } = reader(purge);
  const sink = new PurgeSink({
    connections,
    partition,
    index: gate.index,
    counters,
    pace: purge.pace,
    dryRun: options.dryRun,
    reread: (ids, signal) =>
      rowsAgain(
        logs,
        read,
        { ...partition, timeZone: zoneOf(purge.source, connections.settings.sourceTimeZone) },
        ids,
        signal,
      ),
    remove: (compared) => remove(purge, partition, gate.index === undefined, compared),
    gate: () => inspectGate(connections, partition, known, options),
    atStep: purge.atStep,
  });
  const end = await transfer<RowBatch>(
    {
      source: {
        batches: (signal) => logs.pages(purge.listing, partition.tenantId, range, undefined, read, signal),
      },
      sink,
      checkpoint: { confirm: async () => {} }, // what is gone is not read again
      pacing: run.pacing,
      onConfirmed: (batch) => {
        progress.advanced(partitionKey(partition), batch.records + batch.gone.length, batch.bytes);
        read.bodies.giveBack(batch.body);
      },
    },
    run.signal,
  );
  if (end === "completed" && !options.dryRun) await finishPurging(connections.state, partition);
  return end;
}

function reader({ connections, source, keepReason, related, run }: TypePurge): {
  logs: PostgresLogs;
  read: ReadOptions;
} {
  const { postgres, settings } = connections;
  const { logType } = source;
  const note = noteExpression(keepReason, source.table, logType.hasOffloads ? related.offloads : undefined);
  return {
    logs: new PostgresLogs(postgres, { ...source, layout: withNote(source.layout, note) }),
    read: {
      renderer: comparisonRenderer(source, settings),
      bodies: new BulkBodies(pageLimits.bytes),
      limits: liveBatchLimits(run.pacing, pageLimits),
      countContents: true,
      beforePage: (signal) => run.pacing.unpaused(signal),
    },
  };
}

async function* rowsAgain(
  logs: PostgresLogs,
  read: ReadOptions,
  rowsOf: RowsOf,
  ids: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<RowBatch> {
  async function* once(): AsyncGenerator<readonly string[]> {
    yield ids;
  }
  for await (const batch of logs.rowsById(rowsOf, once(), read, signal)) {
    yield batch;
    read.bodies.giveBack(batch.body);
  }
}

async function remove(
  { connections, options, run, source, related, foreignKeys, deleteTriggers, keepReason, pretend, atStep }: TypePurge,
  partition: Partition,
  expired: boolean,
  rows: readonly ComparedRow[],
): Promise<DeleteEnd> {
  if (pretend !== undefined) {
    await pretend(rows.map(({ id }) => id));
    return "deleted";
  }
  if (options.dryRun) throw new TypeError("a dry run deletes nothing");
  const { table, logType } = source;
  return deleteRows(
    {
      state: connections.state,
      partition,
      run: { id: run.id, expired },
      table,
      keepReason,
      offloads: logType.hasOffloads ? related.offloads : undefined,
      children: childTables(partition.dataType, related),
      foreignKeys,
      deleteTriggers,
      atStep,
    },
    rows,
  );
}

function childTables(dataType: DataType, { nodes, logs }: RelatedTables): RelatedTables["nodes"][] {
  return dataType === "workflow_runs" ? [nodes, logs] : [];
}
