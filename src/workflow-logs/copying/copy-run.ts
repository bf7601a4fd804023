import { RefusalLimit } from "../../engine/refusal-limit.ts";
import { BulkBodies } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import type { BulkFault } from "../../stores/elasticsearch/bulk/bulk-faults.ts";
import { BulkWriter } from "../../stores/elasticsearch/bulk/bulk-writer.ts";
import { markCopying } from "../state/partitions/partitions.ts";
import type { Run } from "../../runs/run.ts";
import type { Connections } from "../connections.ts";
import { DocumentRenderer } from "../documents/document-renderer.ts";
import { withVersion } from "../documents/row-layout.ts";
import { offsetOf } from "../documents/time-zone.ts";
import { LagGate } from "./lag-gate.ts";
import { type DataType, type Partition, partitionKey } from "../partitions/log-types.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { InlineContents } from "../offloads/inline-contents.ts";
import { requiredBlobs } from "../offloads/required-blobs.ts";
import { ElasticsearchLogs } from "../rows/elasticsearch-logs.ts";
import { PostgresLogs } from "../rows/postgres-logs.ts";
import { liveBatchLimits } from "../../runs/batch-limits.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import type { WaitCause } from "../../runs/waits.ts";
import { bytesWritten } from "./copy-rows.ts";
import type { ConfirmedBatch, RowCopy } from "./row-copy.ts";
import type { MigrateOptions } from "./options.ts";
import type { MigrateCounters } from "./report.ts";

/** What all partitions of a run share. */
export interface CopyRun {
  readonly connections: Connections;
  readonly options: MigrateOptions;
  readonly run: Run;
  readonly counters: MigrateCounters;
  readonly progress: ProgressSink;
  readonly writer: BulkWriter;
  readonly bodies: BulkBodies;
  readonly refusals: RefusalLimit;
  readonly lag: LagGate;
  readonly renderers: Map<DataType, DocumentRenderer>;
  /** What the documents say of themselves. */
  readonly copiedAt: string;
  readonly contents?: InlineContents | undefined;
  /** Counts what is confirmed, in the transaction that confirms it, in place of `counters`. */
  readonly alsoCommit?: RowCopy["alsoCommit"];
  /** The transaction of the last `alsoCommit` is committed. */
  readonly onCommitted?: () => void;
}

/**
 * A target that refuses this many records in a row has the wrong mapping; it is no matter of single records any more.
 */
const refusalsInARow = 1000;

export function copyRun(
  connections: Connections,
  options: MigrateOptions,
  run: Run,
  counters: MigrateCounters,
  progress: ProgressSink,
): CopyRun {
  const bodies = new BulkBodies(options.batchBytes);
  const blobs = requiredBlobs(connections, options);
  return {
    connections,
    options,
    run,
    counters,
    progress,
    writer: runWriter(connections, run, run.id),
    bodies,
    refusals: new RefusalLimit(refusalsInARow),
    lag: new LagGate(connections.postgres, options.maxLagSeconds ?? Number.POSITIVE_INFINITY, run),
    renderers: new Map(),
    copiedAt: counters.report.startedAt,
    contents: blobs && new InlineContents(blobs, bodies, connections.settings.searchText),
  };
}

/** Writes for the run; its requests are told from others by `opaqueId`. */
export function runWriter(
  { elasticsearch, settings }: Connections,
  { pacing, waits }: Pick<Run, "pacing" | "waits">,
  opaqueId: string,
): BulkWriter {
  return new BulkWriter(elasticsearch, {
    maxRetries: settings.maxRetries,
    opaqueId,
    beforeRequest: (signal) => pacing.unpaused(signal),
    onWait: (fault, reason) => waits.begin(causeOf[fault] ?? "pressure", reason),
  });
}

const causeOf: Partial<Record<BulkFault, WaitCause>> = {
  disk_full: "disk_full",
  unreachable: "no_answer",
  intercepted: "no_answer",
};

/** How rows of one partition are copied in this run. */
export function partitionCopy(copy: CopyRun, table: SourceTable, partition: Partition): RowCopy {
  const { connections, options, run, counters, progress } = copy;
  const { postgres, state, elasticsearch, settings, archive } = connections;
  const source = { ...table, layout: withVersion(table.layout, connections.archive.setBackXid) };
  const key = partitionKey(partition);
  const { tenantId, month } = partition;
  const target = new ElasticsearchLogs(elasticsearch, archive, copy.writer, settings.template, partition);
  let marked: Promise<void> | undefined;
  return {
    partition,
    rowsOf: { tenantId, month, timeZone: zoneOf(source, settings.sourceTimeZone) },
    runId: run.id,
    postgres,
    state,
    elasticsearch,
    source: new PostgresLogs(postgres, source),
    target,
    read: {
      renderer: rendererOf(copy, source),
      bodies: copy.bodies,
      limits: liveBatchLimits(run.pacing, { bytes: options.batchBytes }),
      countContents: copy.contents !== undefined,
      beforePage: async (signal) => {
        await run.pacing.unpaused(signal);
        await copy.lag.passed(signal);
      },
    },
    contents: copy.contents,
    alsoCommit: copy.alsoCommit,
    pacing: run.pacing,
    wasWritten: () => marked !== undefined,
    beforeWrite: () => (marked ??= target.ensure().then(() => markCopying(state, partition, run.id))),
    onConfirmed: (batch, receipt, rows) => {
      copy.onCommitted?.();
      if (copy.alsoCommit === undefined) countBatch(counters, partition, { batch, receipt, rows });
      progress.advanced(key, batch.records, bytesWritten(batch, receipt));
      copy.refusals.note(receipt);
    },
  };
}

export function countBatch(
  counters: MigrateCounters,
  partition: Partition,
  { batch, receipt, rows }: ConfirmedBatch,
): void {
  const bytes = bytesWritten(batch, receipt);
  if (batch.records + batch.unreadable.length > 0) counters.written(partition, receipt, bytes, rows);
  if (receipt.inlined !== undefined) counters.inlined(receipt.inlined);
}

function rendererOf(
  { connections: { settings }, renderers, copiedAt }: CopyRun,
  { logType, layout }: SourceTable,
): DocumentRenderer {
  const made = renderers.get(logType.dataType);
  if (made !== undefined) return made;
  const renderer = new DocumentRenderer(logType, layout, {
    searchText: settings.searchText,
    sourceOffset: offsetOf(settings.sourceTimeZone),
    copiedAt,
  });
  renderers.set(logType.dataType, renderer);
  return renderer;
}
