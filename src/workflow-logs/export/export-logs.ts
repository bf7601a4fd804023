import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { UsageError } from "../../engine/errors.ts";
import type { Receipt } from "../../engine/ports.ts";
import { transfer } from "../../engine/transfer.ts";
import type { ProgressSink } from "../../runs/progress.ts";
import { inRun, type Run } from "../../runs/run.ts";
import { countDocuments, refreshIndex } from "../../stores/elasticsearch/indices/indices.ts";
import { placeOf } from "../../stores/elasticsearch/indices/place.ts";
import { openIndices } from "../../stores/elasticsearch/indices/open-indices.ts";
import type { Connections } from "../connections.ts";
import { type DataType, dataTypes, logTypes } from "../partitions/log-types.ts";
import { isInScope, type Scope } from "../partitions/scope.ts";
import { archiveHome } from "../run-home.ts";
import { filterClauses } from "../search/search-filters.ts";
import { searchQuery } from "../search/search-query.ts";
import { searchTerms } from "../search/search-terms.ts";
import { upgradeState } from "../state/upgrade.ts";
import { type DocumentBatch, documentBatches } from "./document-batches.ts";
import { type ExportedFile, ExportManifest, manifestName } from "./export-manifest.ts";
import { fileName, openLogsFile, tidy } from "./logs-file.ts";
import type { ExportOptions } from "./options.ts";
import { requireZstd } from "./zstd-frames.ts";

// src/workflow-logs/export writes a tenant's archived logs into files, and reads such files back into the archive
// (import-logs.ts). It never changes a document that is there, and never touches PostgreSQL's log tables.

export interface ExportReport {
  readonly tenantId: string;
  status: "completed" | "interrupted";
  runId: string | null;
  documents: number;
  /** In the files. */
  bytes: number;
  readonly files: { readonly file: string; readonly index: string; documents: number; bytes: number }[];
}

/**
 * Writes the documents that the filters hold for into a file for each data type and month, as they are at that time,
 * in the order (created_at, id). A line of NDJSON is a document, byte for byte; CSV has the columns, for people to
 * read. A run that was stopped or killed goes on with the same options where its last batch was on the disk. Throws
 * UsageError for a folder that holds anything else.
 */
export async function exportLogs(
  connections: Connections,
  options: ExportOptions,
  watch: { readonly signal: AbortSignal; readonly progress: ProgressSink },
): Promise<ExportReport> {
  if (options.compression === "zstd") requireZstd();
  const manifest = await openFolder(options);
  await connections.archive.check();
  await upgradeState(connections.state);
  const report: ExportReport = {
    tenantId: options.scope.tenantIds[0]!,
    status: "completed",
    runId: null,
    documents: 0,
    bytes: 0,
    files: [],
  };
  const description = {
    command: "elasticsearch export",
    options,
    limits: { batchRows: 1000, concurrency: 1 },
    report: () => report,
  };
  try {
    report.status = await inRun(archiveHome(connections, watch), description, watch, async (run) => {
      report.runId = run.id;
      if (!(await run.locks.tryLock(`export:${path.resolve(options.folder)}`)))
        throw new UsageError("export_busy", `Another run writes into ${options.folder}.`, {
          hint: "Wait for it, or name another folder. Nothing was written.",
        });
      return exportAll(connections, options, manifest, run, watch.progress, report);
    });
  } finally {
    watch.progress.stop();
  }
  return report;
}

async function openFolder(options: ExportOptions): Promise<ExportManifest> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const manifest = await ExportManifest.open(options);
  if (manifest.isNew && (await readdir(options.folder)).some((name) => name !== manifestName))
    throw new UsageError("folder_not_empty", `${options.folder} holds files that are of no export.`, {
      hint: "Name an empty folder, or one that is not there yet. Nothing was written.",
    });
  await manifest.save();
  return manifest;
}

interface Month {
  readonly dataType: DataType;
  readonly month: string;
  readonly index: string;
}

async function exportAll(
  connections: Connections,
  options: ExportOptions,
  manifest: ExportManifest,
  run: Run,
  progress: ProgressSink,
  report: ExportReport,
): Promise<"completed" | "interrupted"> {
  const months: Month[] = [];
  const filters = await clausesOf(connections, options);
  let total = 0;
  for (const month of await monthsOf(connections, options.scope)) {
    await refreshIndex(connections.elasticsearch, month.index); // what was written last is seen by searches afterwards
    const documents = await countDocuments(connections.elasticsearch, month.index);
    if (documents === 0 && placeOf(month.index).tenantId !== undefined) continue; // a month of others
    months.push(month);
    total += documents;
  }
  progress.plan(total, months.length);
  for (const { dataType, month, index } of months) {
    const entry = manifest.file(fileName(dataType, month, options), { dataType, month, index });
    progress.partitionStarted(entry.file, entry.file, 0, entry.documents);
    if (
      !entry.done &&
      (await exportMonth(connections, options, filters, manifest, entry, run, progress)) === "interrupted"
    )
      return "interrupted";
    await tidy(entry, options);
    progress.partitionFinished(entry.file);
    report.documents += entry.documents;
    report.bytes += entry.bytes;
    report.files.push({ file: entry.file, index, documents: entry.documents, bytes: entry.bytes });
  }
  await manifest.finish();
  return "completed";
}

async function exportMonth(
  { elasticsearch: client }: Connections,
  options: ExportOptions,
  filters: Awaited<ReturnType<typeof filterClauses>>,
  manifest: ExportManifest,
  entry: ExportedFile,
  run: Run,
  progress: ProgressSink,
): Promise<"completed" | "interrupted"> {
  const file = await openLogsFile(entry, options);
  try {
    const end = await transfer<DocumentBatch, Receipt & { readonly fileBytes: number }>(
      {
        source: documentBatches(client, { indices: [entry.index], filters }, entry.after, run.pacing, file.batch),
        sink: {
          async write(batch) {
            return { written: batch.records, refused: [], fileBytes: await file.append(batch.sources) };
          },
        },
        checkpoint: {
          async confirm(batch, receipt) {
            await file.sync();
            Object.assign(entry, { after: batch.end, documents: entry.documents + batch.records });
            entry.bytes = receipt?.fileBytes ?? entry.bytes;
            await manifest.save();
          },
        },
        pacing: run.pacing,
        onConfirmed: (batch) => progress.advanced(entry.file, batch.records, batch.bytes),
      },
      run.signal,
    );
    if (end === "interrupted") return end;
    entry.bytes = await file.end();
    await file.sync();
    entry.done = true;
    await manifest.save();
    return end;
  } finally {
    await file.close();
  }
}

async function monthsOf({ elasticsearch, archive, settings }: Connections, scope: Scope): Promise<Month[]> {
  const { prefix } = settings.template;
  const months: Month[] = [];
  for (const dataType of dataTypes.filter((type) => scope.dataTypes.includes(type))) {
    for (const found of await openIndices(
      elasticsearch,
      archive,
      prefix,
      logTypes[dataType].resource,
      scope.tenantIds[0],
    )) {
      const { tenantId, month } = found;
      if (isInScope({ dataType, tenantId, month }, scope)) months.push({ dataType, month, index: found.name });
    }
  }
  return months;
}

async function clausesOf(connections: Connections, { scope, filters, query }: ExportOptions) {
  const { postgres, elasticsearch } = connections;
  const appLogs = async (): Promise<string[]> =>
    (await monthsOf(connections, { tenantIds: scope.tenantIds, dataTypes: ["app_logs"] })).map(({ index }) => index);
  const clauses = await filterClauses({ postgres, elasticsearch, appLogs }, scope, filters);
  return searchTerms(query).length === 0 ? clauses : [...clauses, searchQuery(query)];
}
