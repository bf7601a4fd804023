import { BulkBody } from "../../stores/elasticsearch/bulk-body.ts";
import { jsonEscapes } from "./json-escapes.ts";

/**
 * Appends the words that a person would search for in a JSON column, as the inside of a JSON string: its string and number values, escapes decoded, keys
 * left out, separated by line ends, at most `limit` UTF-16 units. Never fails: what is not JSON (plain text, NaN, cut-off text) gives the text it has.
 * Returns whether there was any. From bytes to bytes, as a string in between costs three times as much (`npm run bench:micro`).
 */
export function writeSearchText(body: BulkBody, source: Buffer, start: number, end: number, limit: number): boolean {
  const words = new WordWriter(body, source, start, end, limit);
  const first = source[behindSpace(source, start, end)];
  if (first === brace || first === bracket || first === quote) words.writeValues();
  else words.writePlain();
  return words.any;
}

/** The same for a string that is at hand. */
export function searchText(json: string, limit: number): string {
  const bytes = Buffer.from(json);
  const body = new BulkBody(bytes.length);
  writeSearchText(body, bytes, 0, bytes.length, limit);
  return JSON.parse(`"${body.bytes().toString()}"`) as string;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const letterU = 0x75;
const brace = 0x7b;
const closingBrace = 0x7d;
const bracket = 0x5b;
const closingBracket = 0x5d;
const lineEnd = Buffer.from("\\n");
/** Bytes that are written as they are, wherever they stand. */
const isPlain = jsonEscapes.map((escape, byte) => (escape === 0 && byte < 0x80 ? 1 : 0));
/** The most that one step of writing takes, with a few to spare. */
const stepBytes = 16;

/** Moves along the source and appends words until there is no room for more. */
class WordWriter {
  any = false;
  private readonly body: BulkBody;
  private readonly source: Buffer;
  private at: number;
  private readonly end: number;
  /** UTF-16 units left. */
  private room: number;

  constructor(body: BulkBody, source: Buffer, start: number, end: number, limit: number) {
    this.body = body;
    this.source = source;
    this.at = start;
    this.end = end;
    this.room = limit;
  }

  writeValues(): void {
    const { source, end } = this;
    while (this.at < end && this.room > 0) {
      const byte = source[this.at]!;
      if (byte === quote) {
        this.at++;
        this.writeWord(end, true);
      } else if (isBare(byte)) {
        const wordEnd = bareEnd(source, this.at, end);
        if (isLiteral(source, this.at, wordEnd)) this.at = wordEnd;
        else this.writeWord(wordEnd, false);
      } else {
        this.at++;
      }
    }
  }

  writePlain(): void {
    const before = this.body.length;
    this.writeText(this.end, false);
    this.any = this.body.length > before;
  }

  /** A word with the line end before it, unless it turns out to be none: empty, or a key. */
  private writeWord(end: number, isString: boolean): void {
    const { body, room } = this;
    const before = body.length;
    if (this.any) {
      body.reserve(lineEnd.length);
      body.buffer.set(lineEnd, before);
      body.length += lineEnd.length;
    }
    const start = body.length;
    this.writeText(end, isString);
    const isEmpty = body.length === start;
    const isKey = isString && this.endString();
    if (!isString) this.at = end;
    if (isEmpty || isKey) {
      body.length = before;
      this.room = room;
    } else {
      this.any = true;
      this.room--; // the line end behind it
    }
  }

  /** Moves behind the string that may not have been written to its end; returns whether it is a key. */
  private endString(): boolean {
    const { source, end } = this;
    let at = this.at;
    while (at < end && source[at] !== quote) at += source[at] === backslash ? 2 : 1;
    this.at = Math.min(at + 1, end);
    return source[behindSpace(source, this.at, end)] === colon && this.at < end;
  }

  /** Text up to `end`, or up to the quote that ends the string, as far as there is room. */
  private writeText(end: number, isString: boolean): void {
    const { body, source } = this;
    let { at, room } = this;
    let out = body.buffer;
    let to = body.length;
    while (at < end && room > 0) {
      if (to + stepBytes > out.length) {
        body.length = to;
        body.reserve(stepBytes);
        out = body.buffer;
      }
      let byte = source[at]!;
      if (isPlain[byte] === 1) {
        out[to++] = byte;
        at++;
        room--;
        continue;
      }
      if (isString && byte === quote) break;
      if (isString && byte === backslash) {
        if (++at === end) break;
        byte = source[at]!;
        if (byte === letterU && at + 4 < end) {
          const code = hexCode(source, at + 1);
          if (code >= 0x80) {
            const low = isHigh(code) && at + 10 < end ? lowSurrogate(source, at + 5) : -1;
            if (low !== -1 && room === 1) break;
            const point = low === -1 ? code : 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            to = writePoint(out, to, point);
            at += low === -1 ? 5 : 11;
            room -= low === -1 ? 1 : 2;
            continue;
          }
          if (code !== -1) {
            byte = code;
            at += 4;
          }
        } else if (byte < 0x80) {
          byte = letters[byte]!;
        }
      }
      if (byte < 0x80) {
        to = writeAsciiByte(out, to, byte);
        at++;
        room--;
        continue;
      }
      const size = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      if (size === 4 && room === 1) break;
      if (at + size > this.end) {
        to = writePoint(out, to, replacement); // cut off within a character
        at = end;
        room--;
        continue;
      }
      for (let left = size; left > 0; left--) out[to++] = source[at++]!;
      room -= size === 4 ? 2 : 1;
    }
    body.length = to;
    this.at = at;
    this.room = room;
  }
}

function writeAsciiByte(out: Buffer, at: number, byte: number): number {
  const escape = jsonEscapes[byte]!;
  if (escape === 0) {
    out[at] = byte;
    return at + 1;
  }
  out[at] = backslash;
  if (escape > 1) {
    out[at + 1] = escape;
    return at + 2;
  }
  return at + 1 + out.write(`u${byte.toString(16).padStart(4, "0")}`, at + 1, "latin1");
}

/** As UTF-8, which has no lone surrogates. */
function writePoint(out: Buffer, at: number, code: number): number {
  const point = code >= 0xd800 && code <= 0xdfff ? replacement : code;
  if (point < 0x800) {
    out[at] = 0xc0 | (point >> 6);
    out[at + 1] = 0x80 | (point & 0x3f);
    return at + 2;
  }
  if (point < 0x10000) {
    out[at] = 0xe0 | (point >> 12);
    out[at + 1] = 0x80 | ((point >> 6) & 0x3f);
    out[at + 2] = 0x80 | (point & 0x3f);
    return at + 3;
  }
  out[at] = 0xf0 | (point >> 18);
  out[at + 1] = 0x80 | ((point >> 12) & 0x3f);
  out[at + 2] = 0x80 | ((point >> 6) & 0x3f);
  out[at + 3] = 0x80 | (point & 0x3f);
  return at + 4;
}

const replacement = 0xfffd;
const hexValues = new Int8Array(256).fill(-1);
for (const [value, digit] of Array.from("0123456789abcdef").entries()) {
  hexValues[digit.charCodeAt(0)] = value;
  hexValues[digit.toUpperCase().charCodeAt(0)] = value;
}

/** What a letter behind a backslash stands for. */
const letters = Uint8Array.from({ length: 128 }, (_, letter) => letter);
for (const [letter, code] of ["b\b", "f\f", "n\n", "r\r", "t\t"].map((pair) => Buffer.from(pair))) {
  letters[letter!] = code!;
}

/** The number that four digits stand for, -1 when they are none. */
function hexCode(source: Buffer, at: number): number {
  const high = (hexValues[source[at]!]! << 4) | hexValues[source[at + 1]!]!;
  const low = (hexValues[source[at + 2]!]! << 4) | hexValues[source[at + 3]!]!;
  return (high | low) < 0 ? -1 : (high << 8) | low;
}

function isHigh(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** The second half of a pair, where `\uXXXX` at this place is one; else -1. */
function lowSurrogate(source: Buffer, at: number): number {
  if (source[at] !== backslash || source[at + 1] !== letterU) return -1;
  const code = hexCode(source, at + 2);
  return code >= 0xdc00 && code <= 0xdfff ? code : -1;
}

function behindSpace(source: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && source[at]! <= 0x20) at++;
  return at;
}

/** A character of a number or bare word, as opposed to white space and punctuation. */
function isBare(byte: number): boolean {
  return (
    byte > 0x20 &&
    byte !== comma &&
    byte !== colon &&
    byte !== brace &&
    byte !== closingBrace &&
    byte !== bracket &&
    byte !== closingBracket
  );
}

function bareEnd(source: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && isBare(source[at]!) && source[at] !== quote) at++;
  return at;
}

const literals = ["true", "false", "null"].map((word) => Buffer.from(word));

function isLiteral(source: Buffer, start: number, end: number): boolean {
  return literals.some((word) => word.length === end - start && word.compare(source, start, end) === 0);
}
