import { deflateRawSync } from "node:zlib";
import { BulkBodies } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { type ArchiveIndex, listIndices } from "../../stores/elasticsearch/indices/index-list.ts";
import type { Connections } from "../connections.ts";
import { DocumentRenderer } from "../documents/document-renderer.ts";
import { offsetOf } from "../documents/time-zone.ts";
import { resources } from "../partitions/log-types.ts";
import { readRows } from "../rows/row-batches.ts";
import { type ContentsToLoad, contentsToLoad } from "../offloads/contents-to-load.ts";
import { newIndices } from "../partitions/new-indices.ts";
import { inspectSources, type SourceTable } from "../partitions/source-schema.ts";
import type { MigrateOptions } from "../copying/options.ts";
import { planSources } from "./dry-run-plan.ts";
import { inOrder, type PlannedPartition, type SourcePlan } from "../partitions/plan.ts";
import { MigrateCounters, type MigrateReport } from "../copying/report.ts";

export interface Estimates {
  readonly seconds: number;
  /** Bytes that the new documents will take on disk in Elasticsearch, all replicas counted. */
  readonly targetBytes: number;
  /** Indices and shards that will be made. */
  readonly indices: number;
  readonly shards: number;
  /**
   * Offloaded contents that would be loaded, by the sizes that their files should have; only for `--offload inline`.
   */
  readonly contents?: ContentsToLoad;
}

export interface DryRun {
  /** `counts` says what the rows are, in total and by data type. */
  readonly report: MigrateReport & { readonly counts: "exact" | "estimated"; readonly estimates: Estimates };
  /** Those that were counted. */
  readonly partitions: readonly PlannedPartition[];
  readonly plans: readonly SourcePlan[];
  /** All that the archive has. */
  readonly indices: readonly ArchiveIndex[];
}

/** Until a run of this installation has been measured: what one small node indexes of such documents. */
const assumedBytesPerSecond = 15 * 1024 * 1024;
const probeRows = 1000;

/**
 * Says what `migrate` with the same options would move, and how long it would take. Reads only, in both stores. Tables
 * that are too large to be counted in a moment are estimated, unless it is to be `exact`.
 *
 * @example
 * ```ts
 * import { dataTypes, dryRun, migrateDefaults, openArchive, parseConfig } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const options = { ...migrateDefaults, scope: { dataTypes, tenantIds: [] } };
 * const { report } = await dryRun(archive.connections, options, new AbortController().signal);
 * console.log(report.totals.source, report.estimates);
 * await archive.close();
 * ```
 */
export async function dryRun(
  connections: Connections,
  options: MigrateOptions,
  signal: AbortSignal,
  exact = false,
): Promise<DryRun> {
  const { postgres, elasticsearch, settings, archive } = connections;
  const sources = await inspectSources(postgres, options.scope, settings.searchText);
  await archive.check();
  const { indices } = await listIndices(elasticsearch, archive, settings.template.prefix, resources);
  const counters = new MigrateCounters(options.scope.dataTypes, { dryRun: true });

  const plans = await planSources(connections, sources, indices, options, exact, signal);
  const isEstimated = plans.some(({ estimatedMonths }) => estimatedMonths !== undefined);
  let probe: Probe = { bytesPerRow: 0, compressed: 1, bytesPerSecond: assumedBytesPerSecond };
  let documentBytes = 0;
  let contents: ContentsToLoad | undefined;
  for (const plan of plans) {
    const { source, rows, bytes, unarchivable, context } = plan;
    const { dataType, hasOffloads } = source.logType;
    counters.add(dataType, { source: rows + unarchivable, bytes });
    if (rows === 0) continue;
    const measured = await measure(connections, source);
    documentBytes += rows * measured.bytesPerRow;
    if (options.offload === "inline" && hasOffloads && !isEstimated) {
      contents = await contentsToLoad(postgres, context, signal);
      documentBytes += contents.bytes;
    }
    probe = dataType === "app_logs" ? probe : measured; // app logs are too small to tell anything of speed
  }
  if (options.offload === "inline" && !isEstimated) contents ??= { files: 0, bytes: 0 };
  if (isEstimated) counters.warn(estimatedNote);
  const partitions = inOrder(
    plans.flatMap((plan) => plan.partitions),
    options.order,
  ).filter((partition) => partition.rows > 0);
  const unnamed = plans.reduce((sum, { estimatedMonths }) => sum + (estimatedMonths ?? 0), 0);
  counters.partitionsPlanned(partitions.length + unnamed);

  const { shards, replicas } = settings.template;
  const missing =
    newIndices(settings.template, partitions, indices) +
    plans.reduce((sum, { estimatedIndices }) => sum + estimatedIndices, 0);
  const estimates: Estimates = {
    seconds: Math.ceil(
      documentBytes / Math.min(probe.bytesPerSecond, assumedBytesPerSecond) + missing * secondsPerIndex,
    ),
    targetBytes: Math.ceil(documentBytes * probe.compressed * (1 + replicas)),
    indices: missing,
    shards: missing * shards * (1 + replicas),
    ...(contents && { contents }),
  };
  const report = {
    ...counters.snapshot(),
    counts: isEstimated ? ("estimated" as const) : ("exact" as const),
    estimates,
  };
  return { report, partitions, plans, indices };
}

const estimatedNote =
  "Rows are estimated by the planner's statistics (ANALYZE refreshes them) and by what was copied before, indices at their most: every tenant in every month. --exact counts them, which reads the log tables once.";

/** Making an index and refreshing it once, two partitions side by side. */
const secondsPerIndex = 0.06;

interface Probe {
  readonly bytesPerRow: number;
  /** Compressed size of the documents beside their size. */
  readonly compressed: number;
  /** Documents read and rendered, without sending them. */
  readonly bytesPerSecond: number;
}

/** Reads and renders some rows of the table and throws them away. */
async function measure({ postgres, settings }: Connections, source: SourceTable): Promise<Probe> {
  const renderer = new DocumentRenderer(source.logType, source.layout, {
    searchText: settings.searchText,
    sourceOffset: offsetOf(settings.sourceTimeZone),
    copiedAt: new Date().toISOString(),
  });
  const client = await postgres.connect();
  const started = performance.now();
  let rows = 0;
  let bytes = 0;
  let compressedBytes = 0;
  let sampledBytes = 0;
  try {
    const query = `select t.created_at, t.id, ${source.layout.selectList} from ${source.table.sqlName} t ${source.layout.joins} limit ${probeRows}`;
    const limits = { rows: probeRows, bytes: 5 * 1024 * 1024 };
    const bodies = new BulkBodies(limits.bytes);
    const reader = { client, layout: source.layout, renderer, endedStatuses: undefined, bodies, limits };
    await readRows(reader, query, (batch) => {
      rows += batch.records;
      bytes += batch.bytes;
      const sample = batch.body.bytes().subarray(0, 1024 * 1024);
      sampledBytes += sample.length;
      compressedBytes += deflateRawSync(sample, { level: 1 }).length;
      bodies.giveBack(batch.body);
    });
  } finally {
    client.release();
  }
  const seconds = (performance.now() - started) / 1000;
  return {
    bytesPerRow: rows === 0 ? 0 : bytes / rows,
    compressed: sampledBytes === 0 ? 1 : compressedBytes / sampledBytes,
    bytesPerSecond: bytes / seconds,
  };
}
