import { floatText } from "./float-text.ts";

const smallest = 16 * 1024;
/** A value from here on is sent from where it lies instead of being copied. */
const large = 64 * 1024;

/** Buffers of the smallest size that wait to be used again, so that idle connections hold none. */
const spare: Buffer[] = [];
const mostSpare = 64;

/** The replies to one connection that wait for their commit, as RESP 2 or 3. */
export class ReplyWriter {
  /** 2 or 3, as the client has chosen by HELLO. */
  version: 2 | 3 = 2;
  #buffer: Buffer | undefined;
  #length = 0;
  #full: Buffer[] = [];
  #fullBytes = 0;

  get bytes(): number {
    return this.#fullBytes + this.#length;
  }

  /** What was written, in order; nothing waits afterwards. Give the buffers back with `recycle` once they were sent. */
  take(): Buffer[] {
    const taken = this.#full;
    if (this.#length > 0) taken.push(this.#buffer!.subarray(0, this.#length));
    this.#full = [];
    this.#fullBytes = 0;
    this.#length = 0;
    this.#buffer = undefined;
    return taken;
  }

  discard(): void {
    recycle(this.take());
  }

  /** Text of ASCII or Latin-1 that ends itself. */
  raw(text: string): void {
    const buffer = this.#room(text.length);
    buffer.write(text, this.#length, "latin1");
    this.#length += text.length;
  }

  ok(): void {
    this.raw("+OK\r\n");
  }

  simple(text: string): void {
    this.raw(`+${text}\r\n`);
  }

  /** The text begins with its code, such as ERR. Bytes that a client has sent are in it as Latin-1. */
  error(text: string): void {
    const isLatin = !/[^\0-\xff]/.test(text);
    this.#copy(Buffer.from(`-${text.replace(/[\r\n]/g, " ")}\r\n`, isLatin ? "latin1" : "utf8"));
  }

  integer(value: number | bigint): void {
    this.raw(value === 1 ? ":1\r\n" : `:${value}\r\n`);
  }

  bulk(value: Buffer): void {
    const { length } = value;
    if (length >= large) return this.#largeBulk(value);
    const head = `$${length}\r\n`;
    const buffer = this.#room(length + head.length + 2);
    let at = this.#length;
    at += buffer.write(head, at, "latin1");
    at += value.copy(buffer, at);
    buffer[at] = 0x0d;
    buffer[at + 1] = 0x0a;
    this.#length = at + 2;
  }

  bulkOrNull(value: Buffer | undefined): void {
    if (value === undefined) this.null();
    else this.bulk(value);
  }

  text(value: string): void {
    this.bulk(Buffer.from(value, "utf8"));
  }

  /** For people: as it is in RESP 3 and a bulk string in RESP 2. */
  verbatim(value: string): void {
    if (this.version === 2) return this.text(value);
    const body = Buffer.from(value, "utf8");
    this.raw(`=${body.length + 4}\r\ntxt:`);
    this.#copy(body);
    this.raw("\r\n");
  }

  null(): void {
    this.raw(this.version === 2 ? "$-1\r\n" : "_\r\n");
  }

  nullArray(): void {
    this.raw(this.version === 2 ? "*-1\r\n" : "_\r\n");
  }

  double(value: number): void {
    const text = floatText(value);
    this.raw(this.version === 2 ? `$${text.length}\r\n${text}\r\n` : `,${text}\r\n`);
  }

  /** So many replies follow. */
  array(length: number): void {
    this.raw(`*${length}\r\n`);
  }

  /** So many pairs of replies follow. */
  map(length: number): void {
    this.raw(this.version === 2 ? `*${length * 2}\r\n` : `%${length}\r\n`);
  }

  set(length: number): void {
    this.raw(this.version === 2 ? `*${length}\r\n` : `~${length}\r\n`);
  }

  bulks(values: readonly Buffer[]): void {
    this.array(values.length);
    for (const value of values) this.bulk(value);
  }

  #largeBulk(value: Buffer): void {
    this.raw(`$${value.length}\r\n`);
    this.#shut();
    this.#full.push(value);
    this.#fullBytes += value.length;
    this.raw("\r\n");
  }

  #copy(bytes: Buffer): void {
    const buffer = this.#room(bytes.length);
    this.#length += bytes.copy(buffer, this.#length);
  }

  /** The buffer, with room for so many bytes at #length. */
  #room(bytes: number): Buffer {
    const buffer = this.#buffer;
    if (buffer !== undefined && this.#length + bytes <= buffer.length) return buffer;
    this.#shut();
    const fresh = bytes <= smallest ? (spare.pop() ?? Buffer.allocUnsafeSlow(smallest)) : Buffer.allocUnsafeSlow(bytes);
    this.#buffer = fresh;
    return fresh;
  }

  #shut(): void {
    if (this.#length > 0) {
      this.#full.push(this.#buffer!.subarray(0, this.#length));
      this.#fullBytes += this.#length;
    }
    this.#buffer = undefined;
    this.#length = 0;
  }
}

/** Buffers that nobody reads any more. */
export function recycle(buffers: readonly Buffer[]): void {
  for (const { buffer, byteOffset } of buffers) {
    if (spare.length >= mostSpare) return;
    if (byteOffset === 0 && buffer.byteLength === smallest) spare.push(Buffer.from(buffer));
  }
}
