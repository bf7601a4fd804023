import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { PoolClient } from "pg";
import type { Batch, Refusal } from "../../engine/ports.ts";
import type { BulkBodies, BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { BinaryTuples } from "../../stores/postgres/copy/binary-tuples.ts";
import { copyOut } from "../../stores/postgres/copy/copy-out.ts";
import type { OpenRow } from "../state/partitions/open-rows.ts";
import type { DocumentRenderer } from "../documents/document-renderer.ts";
import type { RowLayout } from "../documents/row-layout.ts";
import { timestampText } from "../documents/timestamps.ts";
import { contentBytes, type Offload, type OffloadedRow, offloadsOf } from "../offloads/offloaded-rows.ts";
import type { Cursor } from "./row-query.ts";

/** Documents of consecutive source rows, ready to be sent. */
export interface RowBatch extends Batch {
  readonly body: BulkBody;
  /** The last key of the batch. */
  readonly end: Cursor;
  /** Rows in it that have not ended. */
  readonly open: readonly OpenRow[];
  /** Ids asked for that are not there any more. */
  readonly gone: readonly string[];
  /** Rows that no document can be made of. */
  readonly unreadable: readonly Refusal[];
  /** Ids of rows that have ended or are of a kind that never changes. */
  readonly ended: readonly string[];
  /** Records with offloaded contents; empty unless the reader counts them. */
  readonly offloaded: readonly OffloadedRow[];
  /** What the layout's note says of each record; empty where the layout has none. */
  readonly notes: readonly string[];
}

export interface BatchLimits {
  readonly rows: number;
  readonly bytes: number;
}

export interface RowReader {
  readonly client: PoolClient;
  readonly layout: RowLayout;
  readonly renderer: DocumentRenderer;
  readonly endedStatuses: ReadonlySet<string> | undefined;
  readonly bodies: BulkBodies;
  readonly limits: BatchLimits;
  /** Leaves out rows whose document would be the same as one written before; then every fingerprint is computed. */
  readonly isUnchanged?: (id: string, fingerprint: Buffer) => boolean;
  /** The documents hold, or will hold, the contents that were offloaded: these count as bytes of their batch. */
  readonly countContents?: boolean;
}

/** A document beside its row on the wire: escapes, column names and search text. */
export const expectedGrowth = 1.6;

/**
 * Runs one query of rows (see RowLayout) and hands its documents over in batches within the limits; a document larger
 * than the limit is a batch by itself.
 */
export async function readRows(reader: RowReader, query: string, take: (batch: RowBatch) => void): Promise<void> {
  const { layout, limits } = reader;
  const tuple = new BinaryTuples(layout.fields);
  let batch = new BatchBuilder(reader);
  await copyOut(reader.client, query, (bytes) => {
    tuple.push(bytes);
    while (tuple.next()) {
      const offloads = reader.countContents === true ? offloadsOf(tuple, layout) : [];
      const expected = batch.bytes + expectedGrowth * tuple.tupleBytes + contentBytes(offloads);
      if (batch.records > 0 && (batch.records >= limits.rows || expected > limits.bytes)) {
        take(batch.finish());
        batch = new BatchBuilder(reader);
      }
      batch.add(tuple, offloads);
    }
  });
  if (batch.tuples > 0) take(batch.finish());
}

const reason = "a text of the row is no UTF-8, and the database (SQL_ASCII) does not say in which encoding it is";

class BatchBuilder {
  tuples = 0;
  private readonly reader: RowReader;
  private readonly body: BulkBody;
  private readonly open: OpenRow[] = [];
  private readonly gone: string[] = [];
  private readonly unreadable: Refusal[] = [];
  private readonly ended: string[] = [];
  private readonly notes: string[] = [];
  private readonly offloaded: OffloadedRow[] = [];
  private contentBytes = 0;
  private readonly lastKey = Buffer.alloc(24);
  private lastTextId = "";

  constructor(reader: RowReader) {
    this.reader = reader;
    this.body = reader.bodies.take();
  }

  get records(): number {
    return this.body.records;
  }

  get bytes(): number {
    return this.body.length + this.contentBytes;
  }

  add(tuple: BinaryTuples, offloads: readonly Offload[]): void {
    const { layout, renderer } = this.reader;
    this.tuples++;
    this.rememberKey(tuple);
    if (tuple.isNull(layout.idField)) {
      this.gone.push(keyId(tuple, layout));
      return;
    }
    renderer.append(tuple, this.body);
    if (layout.textIsUnchecked && !this.lastIsText()) return;
    if (layout.noteField !== undefined) this.notes.push(tuple.text(layout.noteField));
    if (offloads.length > 0) this.noteOffloads(offloads);
    const isOpen = this.isOpen(tuple);
    if (!isOpen && this.reader.isUnchanged === undefined) return;
    const id = keyId(tuple, layout);
    const fingerprint = createHash("sha1")
      .update(this.body.buffer.subarray(renderer.documentStart, renderer.stableEnd))
      .digest();
    if (isOpen) this.open.push({ id, fingerprint });
    else this.ended.push(id);
    if (this.reader.isUnchanged?.(id, fingerprint) !== true) return;
    this.body.dropLastRecord();
    this.notes.pop();
    if (offloads.length > 0) this.contentBytes -= contentBytes(this.offloaded.pop()!.offloads);
  }

  finish(): RowBatch {
    const { open, gone, unreadable, ended, notes, offloaded, body, bytes } = this;
    return { body, records: body.records, bytes, end: this.end(), open, gone, unreadable, ended, notes, offloaded };
  }

  /** Takes the document that was appended last out again when it is no text. */
  private lastIsText(): boolean {
    const { body, reader } = this;
    if (isUtf8(body.buffer.subarray(reader.renderer.documentStart, body.length))) return true;
    const id = body.id(body.records - 1);
    body.dropLastRecord();
    this.unreadable.push({ id, type: "text_without_encoding", reason });
    return false;
  }

  private noteOffloads(offloads: readonly Offload[]): void {
    const { documentStart, searchTextStart, searchTextEnd, stableEnd } = this.reader.renderer;
    this.contentBytes += contentBytes(offloads);
    this.offloaded.push({
      at: this.body.records - 1,
      offloads,
      searchTextStart: searchTextStart - documentStart,
      searchTextEnd: searchTextEnd === -1 ? -1 : searchTextEnd - documentStart,
      stableEnd: stableEnd - documentStart,
    });
  }

  private isOpen(tuple: BinaryTuples): boolean {
    const { endedStatuses, layout } = this.reader;
    const awaited = layout.related?.awaitedField;
    if (awaited !== undefined) return tuple.isNull(awaited);
    if (endedStatuses === undefined || layout.statusField === undefined) return false;
    return tuple.isNull(layout.statusField) || !endedStatuses.has(tuple.text(layout.statusField));
  }

  /** Keeps the bytes of the key: the tuple is gone by the time the batch is full. */
  private rememberKey(tuple: BinaryTuples): void {
    const { layout } = this.reader;
    const createdAt = tuple.starts[layout.keyCreatedAt]!;
    if (!tuple.isNull(layout.keyCreatedAt)) tuple.data.copy(this.lastKey, 0, createdAt, createdAt + 8);
    const id = tuple.starts[layout.keyId]!;
    if (layout.idKind === "uuid") tuple.data.copy(this.lastKey, 8, id, id + 16);
    else this.lastTextId = tuple.text(layout.keyId);
  }

  private end(): Cursor {
    const { idKind } = this.reader.layout;
    return {
      createdAt: timestampText(this.lastKey, 0),
      id: idKind === "uuid" ? uuidText(this.lastKey, 8) : this.lastTextId,
    };
  }
}

function keyId(tuple: BinaryTuples, layout: RowLayout): string {
  return layout.idKind === "uuid" ? uuidText(tuple.data, tuple.starts[layout.keyId]!) : tuple.text(layout.keyId);
}

function uuidText(data: Buffer, at: number): string {
  const hex = data.toString("hex", at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
