import type { BinaryTuples } from "../../stores/postgres/copy/binary-tuples.ts";
import type { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import type { LogType } from "../partitions/log-types.ts";
import { columnWriters, type ColumnWriter, writeUuidText } from "./column-writers.ts";
import { memberPrefix, writeAscii, writeRaw, writeTextBytes } from "./json-bytes.ts";
import type { RowLayout } from "./row-layout.ts";
import { lineEnd, searchedChars, type SearchTextMode, searchUnits, writeSearchText } from "./search-text.ts";
import type { OffsetOf } from "./time-zone.ts";

// src/workflow-logs/documents owns what a document is: every column of a row, byte for byte, and what is added for
// search. No value ever becomes a Date or a double on its way.

const actionStart = Buffer.from('{"index":{"_id":"');
const actionStartText = Buffer.from('{"index":{"_id":');
const quote = Buffer.from('"');
const actionEnd = Buffer.from("}}\n");
const nullJson = Buffer.from("null");
const openBrace = Buffer.from("{");
const searchTextPrefix = Buffer.from('"search_text":"');

interface DocumentColumn {
  readonly prefix: Uint8Array;
  readonly field: number;
  readonly write: ColumnWriter;
}

/**
 * Turns source tuples into the two lines of a bulk request, straight from bytes to bytes: columns under their own
 * names, JSON columns as the exact text in a string, and what is ours in `archive`. Equal rows give equal bytes up to
 * `stableEnd`.
 */
export class DocumentRenderer {
  /** Where the document appended last begins in the body, and where its part that depends on the row alone ends. */
  documentStart = 0;
  stableEnd = 0;
  /** Where its search text is in the body, the quotes left out; -1 where it has none. */
  searchTextStart = -1;
  searchTextEnd = -1;
  private readonly columns: readonly DocumentColumn[];
  private readonly members: readonly { prefix: Uint8Array; idField: number; columns: readonly DocumentColumn[] }[];
  private readonly searchFields: readonly number[];
  private readonly layout: RowLayout;
  private readonly searchUnits: number;
  private readonly archiveStart = Buffer.from(',"archive":{');
  private readonly end: Buffer;
  private version = -1n; // none has it
  private versionedEnd = actionEnd;

  constructor(
    logType: LogType,
    layout: RowLayout,
    options: { searchText: SearchTextMode; sourceOffset: OffsetOf; copiedAt: string },
  ) {
    const writers = columnWriters(options.sourceOffset);
    this.layout = layout;
    const documentColumns = (columns: RowLayout["columns"]): DocumentColumn[] =>
      columns.map(({ name, kind, field }, at) => ({
        prefix: memberPrefix(name, at === 0),
        field,
        write: writers[kind],
      }));
    this.columns = documentColumns(layout.columns);
    this.members = (layout.related?.members ?? []).map(({ name, columns }) => ({
      prefix: Buffer.from(`"${name}":{`),
      idField: columns[0]!.field,
      columns: documentColumns(columns),
    }));
    this.searchUnits = searchUnits[options.searchText];
    this.searchFields = [
      ...logType.searchColumns.flatMap((name) => layout.columns.find((column) => column.name === name)?.field ?? []),
      ...(layout.related?.searchFields ?? []),
    ];
    this.end = Buffer.from(`"copied_at":"${options.copiedAt}"}}\n`);
  }

  append(tuple: BinaryTuples, body: BulkBody): void {
    body.beginRecord();
    this.writeAction(tuple, body);
    this.documentStart = body.length;
    writeRaw(body, openBrace);
    writeColumns(this.columns, tuple, body);
    this.writeArchive(tuple, body);
  }

  private writeAction(tuple: BinaryTuples, body: BulkBody): void {
    const { idField, idKind } = this.layout;
    const start = tuple.starts[idField]!;
    if (idKind === "uuid") {
      writeRaw(body, actionStart);
      body.reserve(36);
      body.length = writeUuidText(body.buffer, body.length, tuple.data, start);
      writeRaw(body, quote);
    } else {
      writeRaw(body, actionStartText);
      writeTextBytes(body, tuple.data, start, tuple.lengths[idField]!);
    }
    writeRaw(body, this.endOfAction(tuple));
  }

  /** The same for all rows of a page, which one statement has read. */
  private endOfAction(tuple: BinaryTuples): Buffer {
    const { versionField } = this.layout;
    if (versionField === undefined) return actionEnd;
    const version = tuple.data.readBigInt64BE(tuple.starts[versionField]);
    if (version !== this.version) {
      this.version = version;
      this.versionedEnd = Buffer.from(`,"version":${version},"version_type":"external_gte"}}\n`);
    }
    return this.versionedEnd;
  }

  private writeArchive(tuple: BinaryTuples, body: BulkBody): void {
    const { offloadsField } = this.layout;
    writeRaw(body, this.archiveStart);
    if (this.searchUnits > 0 && this.searchFields.length > 0) {
      writeRaw(body, searchTextPrefix);
      this.searchTextStart = body.length;
      this.writeSearchText(tuple, body);
      this.searchTextEnd = body.length;
      writeAscii(body, '",');
    }
    if (offloadsField !== undefined && !tuple.isNull(offloadsField)) {
      const start = tuple.starts[offloadsField]!;
      writeAscii(body, '"offloads":');
      writeRaw(body, tuple.data.subarray(start, start + tuple.lengths[offloadsField]!));
      writeAscii(body, ",");
    }
    for (const { prefix, idField, columns } of this.members) {
      if (tuple.isNull(idField)) continue; // there is no such row
      writeRaw(body, prefix);
      writeColumns(columns, tuple, body);
      writeAscii(body, "},");
    }
    this.stableEnd = body.length;
    writeRaw(body, this.end);
  }

  /** The words of each column that has some, with line ends between them. */
  private writeSearchText({ data, starts, lengths }: BinaryTuples, body: BulkBody): void {
    const most = searchedChars(this.searchUnits);
    let end = body.length;
    for (const field of this.searchFields) {
      const length = lengths[field]!;
      if (length <= 0) continue;
      if (end > this.searchTextStart) writeRaw(body, lineEnd);
      const start = starts[field]!;
      if (writeSearchText(body, data, start, start + Math.min(length, most), this.searchUnits)) end = body.length;
      else body.length = end;
    }
  }
}

function writeColumns(
  columns: readonly DocumentColumn[],
  { data, starts, lengths }: BinaryTuples,
  body: BulkBody,
): void {
  for (const { prefix, field, write } of columns) {
    writeRaw(body, prefix);
    const length = lengths[field]!;
    if (length === -1) writeRaw(body, nullJson);
    else write(body, data, starts[field]!, length);
  }
}
