import { rm } from "node:fs/promises";
import path from "node:path";
import type { BatchSize } from "./document-batches.ts";
import { csvHead, csvLines } from "./csv.ts";
import { ExportFile } from "./export-file.ts";
import type { ExportedFile } from "./export-manifest.ts";
import type { ExportOptions } from "./options.ts";

/** One file of an export, whatever its format. */
export interface LogsFile {
  /** What travels as one: a compressed part, or a row group. */
  readonly batch: BatchSize;
  /** Returns the length of the file behind the documents. */
  append(sources: readonly Buffer[]): Promise<number>;
  /** What was appended survives a failure of the machine. */
  sync(): Promise<void>;
  /** Makes the file whole. Returns its length. */
  end(): Promise<number>;
  close(): Promise<void>;
}

const mebibyte = 1024 * 1024;
const part: BatchSize = { records: 1000, bytes: 4 * mebibyte };
/** Rows that a reader can pass over together; all are in memory, several times. */
const rowGroup: BatchSize = { records: 20_000, bytes: 16 * mebibyte };

export function fileName(dataType: string, month: string, { format, compression }: ExportOptions): string {
  const ending = format === "parquet" ? "" : { gzip: ".gz", zstd: ".zst", none: "" }[compression];
  return `${dataType}-${month}.${format}${ending}`;
}

/** Opens the file of an entry, and cuts off what was not confirmed. The caller closes it. */
export async function openLogsFile(entry: ExportedFile, options: ExportOptions): Promise<LogsFile> {
  const where = path.join(options.folder, entry.file);
  const { format } = options;
  const file = await ExportFile.open(where, entry.bytes, format === "parquet" ? "none" : options.compression);
  const shared = { sync: () => file.sync(), close: () => file.close() };
  try {
    if (format === "parquet") {
      const { ParquetFile } = await import("./parquet-file.ts");
      const parquet = await ParquetFile.open(file, where, entry.bytes, { ...options, dataType: entry.dataType });
      return { ...shared, batch: rowGroup, append: (sources) => parquet.append(sources), end: () => parquet.end() };
    }
    let length = entry.bytes;
    if (format === "csv" && length === 0) length = await file.append(csvHead(entry.dataType));
    const bytesOf = format === "csv" ? (some: readonly Buffer[]) => csvLines(entry.dataType, some) : ndjson;
    const append = async (sources: readonly Buffer[]): Promise<number> =>
      (length = await file.append(bytesOf(sources)));
    return { ...shared, batch: part, append, end: () => Promise.resolve(length) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What stood beside an unfinished file goes; the file is whole. */
export async function tidy(entry: ExportedFile, { folder, format }: ExportOptions): Promise<void> {
  if (format !== "parquet") return;
  const { notesOf } = await import("./parquet-file.ts");
  await rm(notesOf(path.join(folder, entry.file)), { force: true });
}

const newline = Buffer.from("\n");

function ndjson(sources: readonly Buffer[]): Buffer {
  return Buffer.concat(sources.flatMap((source) => [source, newline]));
}
