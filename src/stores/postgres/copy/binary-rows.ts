import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PoolClient } from "pg";
import { from as copyFrom } from "pg-copy-streams";

const header = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
/** PostgreSQL's time begins on 2000-01-01: src/include/datatype/timestamp.h, POSTGRES_EPOCH_JDATE. */
const microsBefore2000 = 946_684_800_000_000n;
const jsonbVersion = 1;

export type TextEncoding = "utf8" | "latin1";

/**
 * A chunk and one more row of usual size. Larger memory would be taken from the system, and given back, each time: that
 * takes as long as to fill it.
 */
const roomBytes = 130_000;
const chunkBytes = 98_304;

/**
 * Rows for one COPY in the binary format, field after field, to be taken away in chunks. Values are text without NUL
 * and half surrogate pairs, which the caller has looked for. Format:
 * https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"; of the types, their receive functions.
 */
export class BinaryRows {
  private room: Buffer = Buffer.allocUnsafeSlow(roomBytes);
  private at: number = header.copy(this.room);

  /** There is enough to be sent. */
  get isFull(): boolean {
    return this.at >= chunkBytes;
  }

  row(fields: number): void {
    this.reserve(2);
    this.at = this.room.writeInt16BE(fields, this.at);
  }

  /** `encoding` latin1 is for a string whose characters are the bytes of the text. */
  text(value: string | null, encoding: TextEncoding = "utf8"): void {
    if (value === null) this.null();
    else this.counted(value, encoding);
  }

  jsonb(text: string | null, encoding: TextEncoding = "utf8"): void {
    if (text === null) this.null();
    else this.counted(text, encoding, jsonbVersion);
  }

  /** A timestamp in microseconds since 1970. */
  timestamp(micros: bigint): void {
    this.reserve(12);
    this.at = this.room.writeInt32BE(8, this.at);
    this.at = this.room.writeBigInt64BE(micros - microsBefore2000, this.at);
  }

  /** What was written since the last time. Yours. */
  take(): Buffer {
    const chunk = this.room.subarray(0, this.at);
    this.room = Buffer.allocUnsafeSlow(roomBytes);
    this.at = 0;
    return chunk;
  }

  /** The same; no row comes after it. */
  end(): Buffer {
    this.reserve(2);
    this.at = this.room.writeInt16BE(-1, this.at);
    return this.take();
  }

  private null(): void {
    this.reserve(4);
    this.at = this.room.writeInt32BE(-1, this.at);
  }

  private counted(text: string, encoding: TextEncoding, version?: number): void {
    this.reserve(5 + 3 * text.length, () => 5 + Buffer.byteLength(text, encoding));
    const start = this.at + 4;
    let end = start;
    if (version !== undefined) end = this.room.writeUInt8(version, end);
    end += this.room.write(text, end, encoding);
    this.room.writeInt32BE(end - start, this.at);
    this.at = end;
  }

  /** Room for `most` bytes, or for as many as `exactly` says when those are not there. */
  private reserve(most: number, exactly: () => number = () => most): void {
    if (this.at + most <= this.room.length) return;
    const needed = this.at + exactly();
    if (needed <= this.room.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * needed);
    this.room.copy(larger, 0, 0, this.at);
    this.room = larger;
  }
}

/**
 * Sends the chunks of BinaryRows by `COPY target FROM STDIN`, as they are made; `target` is a table with its columns.
 * All rows are there, or none. The connection is usable again afterwards, also when PostgreSQL refused a row.
 */
export async function copyBinary(client: PoolClient, target: string, chunks: Iterable<Buffer>): Promise<void> {
  await pipeline(Readable.from(chunks), client.query(copyFrom(`copy ${target} from stdin (format binary)`)));
}
