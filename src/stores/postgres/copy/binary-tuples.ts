import { AppError } from "../../../engine/errors.ts";

const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const headerBytes = signature.length + 8;

/**
 * Reads the tuples of one binary COPY from the chunks it arrives in. After `next()` returned true, field `i` lies in
 * `data` at `starts[i]`, `lengths[i]` bytes long (-1 for NULL), until the next call of `push` or `next`. Format:
 * https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
 */
export class BinaryTuples {
  data: Buffer = Buffer.allocUnsafe(0);
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** Bytes of the current tuple on the wire. */
  tupleBytes = 0;
  private room: Buffer = Buffer.allocUnsafeSlow(0);
  private position = 0;
  private headerRead = false;

  constructor(fields: number) {
    this.starts = new Int32Array(fields);
    this.lengths = new Int32Array(fields);
  }

  push(chunk: Buffer): void {
    const rest = this.data.length - this.position;
    this.data = rest === 0 ? chunk : this.joined(chunk, rest);
    this.position = 0;
    if (!this.headerRead && this.data.length >= headerBytes) {
      if (!this.data.subarray(0, signature.length).equals(signature)) throw new Error("not a binary COPY");
      this.position = headerBytes;
      this.headerRead = true;
    }
  }

  /** Moves to the next whole tuple; false when more bytes are needed or the COPY has ended. */
  next(): boolean {
    const { data, starts, lengths } = this;
    const fields = starts.length;
    let at = this.position;
    if (!this.headerRead || at + 2 > data.length) return false;
    const count = data.readInt16BE(at);
    if (count === -1) return false;
    if (count !== fields)
      throw new AppError("unexpected_tuple", `COPY sent ${count} fields where ${fields} were asked for`, {
        hint: "A column was added or dropped meanwhile: run the command again. What was confirmed is kept.",
      });
    at += 2;
    for (let i = 0; i < fields; i++) {
      if (at + 4 > data.length) return false;
      const length = data.readInt32BE(at);
      at += 4;
      starts[i] = at;
      lengths[i] = length;
      if (length > 0) at += length;
    }
    if (at > data.length) return false;
    this.tupleBytes = at - this.position;
    this.position = at;
    return true;
  }

  isNull(field: number): boolean {
    return this.lengths[field] === -1;
  }

  /** The bytes of a text field as a string. */
  text(field: number): string {
    const start = this.starts[field]!;
    return this.data.toString("utf8", start, start + this.lengths[field]!);
  }

  /**
   * The unread rest and the new chunk in one buffer, the same one each time: a fresh buffer for each chunk would be
   * garbage faster than it is collected. It doubles while a tuple of many chunks gathers, so that a row of several MB
   * costs few copies of its bytes.
   */
  private joined(chunk: Buffer, rest: number): Buffer {
    const needed = rest + chunk.length;
    const room = needed <= this.room.length ? this.room : Buffer.allocUnsafeSlow(2 * needed);
    this.data.copy(room, 0, this.position); // within the same buffer this is a move
    chunk.copy(room, rest);
    this.room = room;
    return room.subarray(0, needed);
  }
}
