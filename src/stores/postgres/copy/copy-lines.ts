import { loadWebAssembly, type WithMemory } from "../../../engine/web-assembly.ts";
import { copyField } from "./copy-in.ts";
import { copyTextCode } from "./copy-text-code.ts";

/** Places in the memory of copy-text.wat; see there. */
const resultAt = 0;
const hexValuesAt = 16;
const inputAt = 512;
const sliceBytes = 32 * 1024;
/** What comes of a slice may be a block longer. */
const outputAt = inputAt + sliceBytes + 16;

interface Exports extends WithMemory {
  readonly copyText: (at: number, end: number, to: number) => number;
}

const { copyText, memory: wasm } = loadWebAssembly(copyTextCode) as Exports;
const memory = Buffer.from(wasm.buffer);
const result = new Int32Array(wasm.buffer, resultAt, 1);
for (let byte = 0; byte < 256; byte++) {
  const digit = String.fromCharCode(byte);
  memory[hexValuesAt + byte] = /[0-9a-f]/i.test(digit) ? Number.parseInt(digit, 16) : 255;
}

const tab = 0x09;
const lineEnd = 0x0a;
const nullField = "\\N";
const roomBytes = 256 * 1024;
/** A line would each be a write of its own. */
const chunkBytes = 65_536;

/**
 * Rows in COPY's text format, field after field: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
 */
export class CopyLines {
  private room: Buffer = Buffer.allocUnsafe(0);
  private start = 0;
  private at = 0;

  null(): void {
    this.ascii(nullField);
  }

  /** Text of which every character is ASCII and none is special in COPY. */
  ascii(text: string): void {
    this.reserve(text.length + 1);
    this.at += this.room.write(text, this.at, "latin1");
    this.room[this.at++] = tab;
  }

  /**
   * A string of JSON, of which the inside is in `source` from `from` to `to`: the escapes of both are mostly the same.
   * Throws SyntaxError where it is none.
   */
  jsonString(source: Buffer, from: number, to: number): void {
    const fieldStart = this.at - this.start;
    for (let at = from; at < to;) {
      const length = source.copy(memory, inputAt, at, Math.min(at + sliceBytes, to));
      const read = copyText(inputAt, inputAt + length, outputAt) - inputAt;
      const written = result[0]! - outputAt;
      if (read < length && (at + length === to || read === 0 || length - read >= longestEscape)) {
        this.at = this.start + fieldStart;
        return this.decoded(source, from, to);
      }
      this.reserve(written + 1);
      memory.copy(this.room, this.at, outputAt, outputAt + written);
      this.at += written;
      at += read;
    }
    this.reserve(1);
    this.room[this.at++] = tab;
  }

  /** The line of the fields written since the last one. */
  end(): Buffer {
    if (this.at === this.start) this.ascii("");
    this.room[this.at - 1] = lineEnd;
    const line = this.room.subarray(this.start, this.at);
    this.start = this.at;
    return line;
  }

  /** Forgets the fields written since the last line. */
  drop(): void {
    this.at = this.start;
  }

  private decoded(source: Buffer, from: number, to: number): void {
    const field = copyField(JSON.parse(`"${source.toString("utf8", from, to)}"`) as string);
    this.reserve(3 * field.length + 1);
    this.at += this.room.write(field, this.at);
    this.room[this.at++] = tab;
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.room.length) return;
    const begun = this.room.subarray(this.start, this.at);
    this.room = Buffer.allocUnsafeSlow(Math.max(roomBytes, 2 * (begun.length + bytes)));
    begun.copy(this.room);
    this.start = 0;
    this.at = begun.length;
  }
}

const longestEscape = 6;

/** The same lines in fewer chunks: those that lie behind one another in memory are one. */
export function* joinLines(lines: Iterable<Buffer>): Generator<Buffer> {
  let joined: Buffer | undefined;
  for (const line of lines) {
    const isBehind =
      joined !== undefined &&
      joined.buffer === line.buffer &&
      joined.byteOffset + joined.length === line.byteOffset &&
      joined.length < chunkBytes;
    if (isBehind) joined = Buffer.from(joined!.buffer, joined!.byteOffset, joined!.length + line.length);
    else {
      if (joined !== undefined) yield joined;
      joined = line;
    }
  }
  if (joined !== undefined) yield joined;
}
