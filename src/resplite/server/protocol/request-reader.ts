import { inlineArguments } from "./inline-command.ts";
import type { ProtocolLimits } from "./limits.ts";

/**
 * What was sent is no RESP: the client is told and the connection ends, as where the next command begins is not known.
 */
export class ProtocolError extends Error {}

const star = 0x2a;
const dollar = 0x24;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const none = Buffer.alloc(0);

/** Makes commands of what arrives, in whatever pieces. Each piece is looked at once, however many a command takes. */
export class RequestReader {
  limits: ProtocolLimits;
  #buffer: Buffer = none;
  #at = 0;
  /** Arrived behind #buffer, not yet joined to it. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Nothing can be read before so many bytes are there behind #at. */
  #needed = 1;
  /** Arguments of the command that is being read; undefined between commands. */
  #arguments: Buffer[] | undefined;
  #argumentCount = 0;
  #argumentBytes = 0;
  /** Length of the argument that is being read; -1 before it is known. */
  #length = -1;

  constructor(limits: ProtocolLimits) {
    this.limits = limits;
  }

  /** Bytes that are held and were not given out. */
  get held(): number {
    return this.#buffer.length - this.#at + this.#waitingBytes + this.#argumentBytes;
  }

  push(chunk: Buffer): void {
    if (this.#at === this.#buffer.length && this.#waiting.length === 0) {
      this.#buffer = chunk;
      this.#at = 0;
    } else {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
    }
  }

  /**
   * The next whole command, which may be empty; undefined when it is not there yet. Its arguments are parts of what was
   * pushed: copy what is kept.
   * @throws ProtocolError
   */
  next(): Buffer[] | undefined {
    if (!this.#join()) return undefined;
    if (this.#arguments === undefined) {
      if (this.#at === this.#buffer.length) return undefined;
      if (this.#buffer[this.#at] !== star) return this.#inline();
      if (!this.#begin()) return undefined;
      if (this.#argumentCount <= 0) return this.#finish([]);
    }
    const read = this.#arguments!;
    while (read.length < this.#argumentCount) {
      const argument = this.#argument();
      if (argument === undefined) return undefined;
      read.push(argument);
    }
    return this.#finish(read);
  }

  /** Whether what is needed is there, in one piece. */
  #join(): boolean {
    if (this.#waiting.length === 0) return this.#buffer.length - this.#at >= this.#needed;
    if (this.#buffer.length - this.#at + this.#waitingBytes < this.#needed) return false;
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#at), ...this.#waiting]);
    this.#at = 0;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return true;
  }

  #begin(): boolean {
    const count = this.#number("too big mbulk count string");
    if (count === undefined) return false;
    if (Number.isNaN(count) || count > this.limits.arguments) {
      throw new ProtocolError(
        this.limits.arguments <= 10 && count > 10 ? "unauthenticated multibulk length" : "invalid multibulk length",
      );
    }
    this.#arguments = [];
    this.#argumentCount = count;
    return true;
  }

  #argument(): Buffer | undefined {
    if (this.#length < 0) {
      if (this.#at === this.#buffer.length) return this.#wait(1);
      const type = this.#buffer[this.#at]!;
      if (type !== dollar) throw new ProtocolError(`expected '$', got '${String.fromCharCode(type)}'`);
      const length = this.#number("too big bulk count string");
      if (length === undefined) return undefined;
      const { bulkBytes, commandBytes } = this.limits;
      if (Number.isNaN(length) || length < 0 || length > bulkBytes) {
        const stranger = bulkBytes <= 16_384 && length > bulkBytes;
        throw new ProtocolError(stranger ? "unauthenticated bulk length" : "invalid bulk length");
      }
      if (this.#argumentBytes + length > commandBytes) throw new ProtocolError("too big command");
      this.#length = length;
    }
    const end = this.#at + this.#length;
    if (end + 2 > this.#buffer.length) return this.#wait(this.#length + 2);
    const argument = this.#buffer.subarray(this.#at, end);
    this.#at = end + 2; // as Redis, which does not look at these two
    this.#argumentBytes += this.#length;
    this.#length = -1;
    return argument;
  }

  #finish(read: Buffer[]): Buffer[] {
    this.#arguments = undefined;
    this.#argumentBytes = 0;
    this.#needed = 1;
    return read;
  }

  #wait(bytes: number): undefined {
    this.#needed = bytes;
  }

  /** The number behind a type byte; NaN when it is none, undefined when its line is not whole. */
  #number(tooLong: string): number | undefined {
    const start = this.#at + 1;
    const buffer = this.#buffer;
    let at = start;
    let value = 0;
    const negative = buffer[at] === 0x2d;
    if (negative) at += 1;
    const digits = at;
    for (; at < buffer.length; at += 1) {
      const digit = buffer[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const strict = at - digits === 1 || (at > digits && at - digits < 16 && buffer[digits] !== 0x30);
    if (strict && at + 1 < buffer.length && buffer[at] === carriageReturn) {
      this.#at = at + 2;
      this.#needed = 1;
      return negative ? -value : value;
    }
    const end = buffer.indexOf(carriageReturn, start);
    if (end >= 0 && end + 1 < buffer.length) {
      this.#at = end + 2;
      return Number.NaN;
    }
    if (buffer.length - this.#at > this.limits.lineBytes) throw new ProtocolError(tooLong);
    return this.#wait(buffer.length - this.#at + 1);
  }

  #inline(): Buffer[] | undefined {
    const end = this.#buffer.indexOf(lineFeed, this.#at);
    if (end < 0) {
      if (this.#buffer.length - this.#at > this.limits.lineBytes) throw new ProtocolError("too big inline request");
      return this.#wait(this.#buffer.length - this.#at + 1);
    }
    const stop = end > this.#at && this.#buffer[end - 1] === carriageReturn ? end - 1 : end;
    const read = inlineArguments(this.#buffer.subarray(this.#at, stop));
    if (read === undefined) throw new ProtocolError("unbalanced quotes in request");
    this.#at = end + 1;
    return this.#finish(read);
  }
}
