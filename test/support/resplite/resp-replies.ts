/** A reply as it came: its type byte and what it holds, so that ":1" and "$1" differ. Bytes are Latin-1 text. */
export type Reply = readonly [type: string, value: string | null | readonly Reply[]];

const lineEnd = Buffer.from("\r\n");

/** Reads replies of RESP 2 and 3 out of what arrives. */
export class ReplyReader {
  #buffer = Buffer.alloc(0);
  #at = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** No reply is whole before so many bytes are there, so that a large one is not put together again and again. */
  #needed = 0;

  push(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
  }

  /** Undefined when the next reply is not whole yet. */
  next(): Reply | undefined {
    if (this.#buffer.length - this.#at + this.#waitingBytes < this.#needed) return undefined;
    if (this.#waiting.length > 0) this.#join();
    const start = this.#at;
    const reply = this.#read();
    if (reply === undefined) this.#at = start;
    else this.#needed = 0;
    return reply;
  }

  #join(): void {
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#at), ...this.#waiting]);
    this.#at = 0;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #read(): Reply | undefined {
    const end = this.#buffer.indexOf(lineEnd, this.#at);
    if (end < 0) return undefined;
    const type = String.fromCharCode(this.#buffer[this.#at]!);
    const text = this.#buffer.toString("latin1", this.#at + 1, end);
    this.#at = end + 2;
    if (["+", "-", ":", ",", "#", "_", "("].includes(type)) return [type, text];
    const length = Number(text);
    if (length < 0) return [type, null];
    if (["$", "="].includes(type)) return this.#bulk(type, length);
    if (["*", "~", "%", ">"].includes(type)) return this.#list(type, type === "%" ? length * 2 : length);
    throw new Error(`no reply: ${type}${text}`);
  }

  #bulk(type: string, length: number): Reply | undefined {
    if (this.#at + length + 2 > this.#buffer.length) {
      this.#needed = length;
      return undefined;
    }
    const value = this.#buffer.toString("latin1", this.#at, this.#at + length);
    this.#at += length + 2;
    return [type, value];
  }

  #list(type: string, length: number): Reply | undefined {
    const values: Reply[] = [];
    while (values.length < length) {
      const value = this.#read();
      if (value === undefined) return undefined;
      values.push(value);
    }
    return [type, values];
  }
}
