import { appendFile, readFile, rename, rm, writeFile } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import zlib from "node:zlib"; // as a whole: older versions of Node lack zstd
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { AppError } from "../../engine/errors.ts";
import type { DataType } from "../partitions/log-types.ts";
import type { ExportFile } from "./export-file.ts";
import type { ExportOptions } from "./options.ts";
import { parquetColumns, parquetSchema } from "./parquet-columns.ts";

type RowGroup = ParquetWriter["row_groups"][number];

const codecs: Readonly<Record<ExportOptions["compression"], ParquetWriter["codec"]>> = {
  gzip: "GZIP",
  zstd: "ZSTD",
  none: "UNCOMPRESSED",
};
const compressors = {
  GZIP: (bytes: Uint8Array) => zlib.gzipSync(bytes),
  ZSTD: (bytes: Uint8Array) => zlib.zstdCompressSync(bytes),
};

/**
 * A Parquet file that grows by whole row groups. Its end, which says where they are, is written by `end` alone; until
 * then what it will say of each row group is kept beside the file, so that another process can go on behind any of them.
 */
export class ParquetFile {
  private readonly file: ExportFile;
  private readonly path: string;
  private readonly dataType: DataType;
  private readonly bytes = new ByteWriter();
  private readonly parquet: ParquetWriter;

  /** `file` holds the first `length` bytes, which end behind a row group. */
  static async open(
    file: ExportFile,
    path: string,
    length: number,
    { dataType, compression }: { readonly dataType: DataType } & Pick<ExportOptions, "compression">,
  ): Promise<ParquetFile> {
    const opened = new ParquetFile(file, path, dataType, compression);
    if (length > 0) await opened.goOn(length);
    else await rm(notesOf(path), { force: true });
    return opened;
  }

  private constructor(file: ExportFile, path: string, dataType: DataType, compression: ExportOptions["compression"]) {
    this.file = file;
    this.path = path;
    this.dataType = dataType;
    const schema = parquetSchema(dataType);
    this.parquet = new ParquetWriter({ writer: this.bytes, schema, codec: codecs[compression], compressors });
  }

  private async goOn(length: number): Promise<void> {
    this.bytes.index = 0; // the first bytes of the file are in it
    this.bytes.offset = length;
    const notes = await readNotes(this.path, length);
    const groups = notes.map(({ group }) => deserialize(Buffer.from(group, "base64")) as RowGroup);
    this.parquet.row_groups.push(...groups);
    this.parquet.num_rows = groups.reduce((sum, { num_rows: rows }) => sum + rows, 0n);
    await writeFile(`${notesOf(this.path)}.new`, notes.map(lineOf).join(""), { mode: 0o600, flush: true });
    await rename(`${notesOf(this.path)}.new`, notesOf(this.path));
  }

  /** A row group of the documents. Returns the length of the file behind it. */
  async append(sources: readonly Buffer[]): Promise<number> {
    const rowGroupSize = sources.length;
    await this.parquet.write({ columnData: parquetColumns(this.dataType, sources), rowGroupSize });
    const end = this.bytes.offset;
    const group = serialize(this.parquet.row_groups.at(-1)).toString("base64");
    const length = await this.file.append(this.taken());
    await appendFile(notesOf(this.path), lineOf({ end, group }), { mode: 0o600, flush: true });
    return length;
  }

  /** Makes the file whole. Returns its length. */
  async end(): Promise<number> {
    await this.parquet.finish();
    return this.file.append(this.taken());
  }

  private taken(): Buffer {
    const taken = Buffer.from(this.bytes.getBytes()); // a copy: the writer uses its bytes again
    this.bytes.index = 0;
    return taken;
  }
}

interface Note {
  /** The length of the file behind the row group. */
  readonly end: number;
  readonly group: string;
}

const lineOf = (note: Note): string => `${JSON.stringify(note)}\n`;

/** Where the row groups of an unfinished file are noted. */
export function notesOf(path: string): string {
  return `${path}.groups`;
}

/** Of the row groups within the first `length` bytes. Throws AppError when they do not end there. */
async function readNotes(path: string, length: number): Promise<Note[]> {
  const notes: Note[] = [];
  const text = await readFile(notesOf(path), "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    if ((notes.at(-1)?.end ?? 0) >= length) break; // what follows was not confirmed, and may be cut off
    if (line !== "") notes.push(JSON.parse(line) as Note);
  }
  if (notes.at(-1)?.end === length) return notes;
  throw new AppError("export_damaged", `${notesOf(path)} does not say what ${path} holds.`, {
    hint: "Export into another folder. Nothing was changed in this one.",
  });
}
