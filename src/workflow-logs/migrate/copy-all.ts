import { setTimeout as sleep } from "node:timers/promises";
import type { Pacing } from "../../engine/pacing.ts";
import type { RefusalLimit } from "../../engine/refusal-limit.ts";
import type { BulkBodies } from "../../stores/elasticsearch/bulk-body.ts";
import type { BulkWriter } from "../../stores/elasticsearch/bulk-writer.ts";
import type { AdvisoryLocks } from "../../stores/postgres/advisory-locks.ts";
import type { Connections } from "../connections.ts";
import { DocumentRenderer } from "../documents/document-renderer.ts";
import { offsetOf } from "../documents/time-zone.ts";
import { type DataType, type Partition, partitionKey } from "../log-types.ts";
import type { ProgressSink } from "../progress.ts";
import { ElasticsearchLogs } from "../repositories/elasticsearch-logs.ts";
import { PostgresLogs, type ReadOptions } from "../repositories/postgres-logs.ts";
import type { Listing } from "../repositories/row-query.ts";
import { coversWholeMonth, partitionRange } from "../scope.ts";
import { copyPartition } from "./copy-partition.ts";
import type { MigrateOptions } from "./options.ts";
import type { PlannedPartition, SourcePlan } from "./plan.ts";
import type { MigrateCounters } from "./report.ts";

export interface CopyRun {
  readonly connections: Connections;
  readonly options: MigrateOptions;
  readonly run: { readonly id: string };
  readonly plans: readonly SourcePlan[];
  readonly locks: AdvisoryLocks;
  readonly counters: MigrateCounters;
  readonly pacing: Pacing;
  readonly writer: BulkWriter;
  readonly bodies: BulkBodies;
  readonly refusals: RefusalLimit;
  readonly progress: ProgressSink;
}

/** Partitions side by side: while one waits for its index or its refresh the other keeps the server busy; more only cost memory. */
const partitionsAtOnce = 2;
const busyDelay = 1000;

/**
 * Copies the partitions in their order, a few side by side. One that another run is copying is left for the end and waited for. The first failure
 * stops all; the others finish their batches in flight.
 */
export async function copyAll(
  run: CopyRun,
  partitions: readonly PlannedPartition[],
  signal: AbortSignal,
): Promise<"completed" | "interrupted"> {
  const queue = [...partitions];
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const sources = new Map(run.plans.map((plan) => [plan.source.logType.dataType, sourceOf(run, plan)]));
  let waitedFor = new Set<string>();

  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && !either.aborted; next = queue.shift()) {
      const key = partitionKey(next);
      const lock = `log_archive:partition:${key}`;
      if (!(await run.locks.tryLock(lock))) {
        if (!waitedFor.has(key))
          run.progress.note(`${key} is being copied by another run; it is looked at again when that one is through`);
        waitedFor = waitedFor.add(key);
        queue.push(next);
        if (queue.every((waiting) => waitedFor.has(partitionKey(waiting))))
          await sleep(busyDelay, undefined, { signal: either }).catch(() => {});
        continue;
      }
      try {
        await copyOne(run, sources.get(next.dataType)!, next, either);
      } finally {
        await run.locks.unlock(lock);
      }
    }
  };

  const workers = Array.from({ length: partitionsAtOnce }, () =>
    worker().catch((error: unknown) => {
      stop.abort();
      throw error;
    }),
  );
  const results = await Promise.allSettled(workers);
  const failure = results.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return signal.aborted ? "interrupted" : "completed";
}

interface CopySource {
  readonly logs: PostgresLogs;
  readonly listing: Listing;
  readonly read: ReadOptions;
}

function sourceOf(run: CopyRun, plan: SourcePlan): CopySource {
  const { settings, postgres } = run.connections;
  const renderer = new DocumentRenderer(plan.source.logType, plan.source.layout, {
    searchText: settings.searchText,
    sourceOffset: offsetOf(settings.sourceTimeZone),
    copiedAt: run.counters.report.startedAt,
  });
  return {
    logs: new PostgresLogs(postgres, plan.source),
    listing: plan.listing!,
    read: { renderer, bodies: run.bodies, limits: { rows: run.options.batchRows, bytes: run.options.batchBytes } },
  };
}

async function copyOne(
  run: CopyRun,
  source: CopySource,
  planned: PlannedPartition,
  signal: AbortSignal,
): Promise<void> {
  const { connections, options, counters, progress } = run;
  const { settings } = connections;
  const partition: Partition = { dataType: planned.dataType, tenantId: planned.tenantId, month: planned.month };
  const key = partitionKey(partition);
  progress.partitionStarted(
    key,
    `${labels[partition.dataType]} ${partition.tenantId} ${partition.month}`,
    planned.rows,
    0,
  );
  const end = await copyPartition(
    {
      partition,
      range: partitionRange(partition, options.scope, settings.sourceTimeZone)!,
      coversWholeMonth: coversWholeMonth(partition, options.scope),
      runId: run.run.id,
      fromNothing: options.restart,
      state: connections.state,
      source: source.logs,
      target: new ElasticsearchLogs(connections.elasticsearch, run.writer, settings.template.prefix, partition),
      listing: source.listing,
      read: source.read,
      pacing: run.pacing,
      onBegun: (known) => {
        if (known.indexWasReplaced)
          counters.report.warnings.push(
            `The index of ${key} is not the one it was copied into before: its rows are copied again.`,
          );
      },
      onConfirmed: (batch, receipt) => {
        if (batch.records > 0) counters.written(partition, receipt, batch.bytes);
        progress.advanced(key, batch.records, batch.bytes);
        run.refusals.note(receipt);
      },
    },
    signal,
  );
  if (end === "completed") counters.partitionDone();
  progress.partitionFinished(key);
}

const labels: Readonly<Record<DataType, string>> = {
  workflow_runs: "runs",
  app_logs: "app logs",
  node_executions: "nodes",
};
