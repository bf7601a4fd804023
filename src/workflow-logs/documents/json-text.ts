import type { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { loadWebAssembly, type WithMemory } from "../../engine/web-assembly.ts";
import { jsonTextCode } from "./json-text-code.ts";

/*
 * What is done with every byte of a payload is done in WebAssembly (json-text.wat): in JavaScript it was half of what the program does for a row, and
 * takes a fifth to a third of that here (`npm run bench:micro`).
 */

/** Places in the memory of json-text.wat; see there. */
const escapesAt = 4096;
const digitsAt = 4352;
const hexValuesAt = 4368;
const lettersAt = 4624;
const resultsAt = 4752;
const inputAt = 4864;
const sliceBytes = 16 * 1024;
const outputAt = inputAt + sliceBytes;

interface Exports extends WithMemory {
  /** Places of the first byte, behind the last and of the result; returns how many bytes that has. */
  readonly escape: (at: number, end: number, to: number) => number;
  /** See json-text.wat. */
  readonly decode: (at: number, end: number, to: number, room: number, isString: number, isLast: number) => number;
}

/** Control characters and the letters that stand for them. */
const shortEscapes = [
  ["\b", "b"],
  ["\f", "f"],
  ["\n", "n"],
  ["\r", "r"],
  ["\t", "t"],
] as const;

const { escape, decode, memory } = load();
const results = new Int32Array(memory.buffer, resultsAt, 3);

/** Appends UTF-8 text as the inside of a JSON string. */
export function writeEscaped(body: BulkBody, source: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at += sliceBytes) {
    const length = source.copy(memory, inputAt, at, Math.min(at + sliceBytes, end));
    append(body, escape(inputAt, inputAt + length, outputAt));
  }
}

/**
 * Text read from JSON. It keeps a slice of it in the memory of the WebAssembly, so that only one is in use at a time.
 */
export class JsonReader {
  /** Where the next text is read. */
  at: number;
  /** UTF-16 units that may still be written. */
  room: number;
  private readonly source: Buffer;
  private readonly end: number;
  private sliceStart: number;
  private sliceEnd: number;

  constructor(source: Buffer, start: number, end: number, room: number) {
    this.source = source;
    this.at = start;
    this.sliceStart = start;
    this.sliceEnd = start;
    this.end = end;
    this.room = room;
  }

  /**
   * Appends text as the inside of a JSON string while there is room, up to `end`, or if it `isString` up to the quote
   * that ends it with its escapes decoded. Half a character at a cut becomes U+FFFD; a pair that does not fit is left
   * out.
   */
  copyText(body: BulkBody, end: number, isString: boolean): void {
    for (let ended = false; !ended && this.at < end;) {
      if (this.sliceEnd < this.end && this.at + longestEscape > this.sliceEnd) this.loadSlice();
      const toPlace = inputAt - this.sliceStart;
      const upTo = Math.min(end, this.sliceEnd);
      const isLast = Number(upTo === end);
      const place = decode(this.at + toPlace, upTo + toPlace, outputAt, this.room, Number(isString), isLast);
      append(body, results[0]! - outputAt);
      this.at = place - toPlace;
      this.room = results[1]!;
      ended = results[2] === 1;
    }
  }

  private loadSlice(): void {
    this.sliceStart = this.at;
    this.sliceEnd = this.at + this.source.copy(memory, inputAt, this.at, Math.min(this.at + sliceBytes, this.end));
  }
}

/** Two times `\uXXXX`. */
const longestEscape = 12;

function append(body: BulkBody, bytes: number): void {
  body.reserve(bytes);
  const { buffer, length } = body;
  if (bytes > shortBytes) memory.copy(buffer, length, outputAt, outputAt + bytes);
  else for (let at = 0; at < bytes; at++) buffer[length + at] = memory[outputAt + at]!;
  body.length += bytes;
}

/** Up to here a loop is faster than a call. */
const shortBytes = 64;

function load(): Pick<Exports, "escape" | "decode"> & { memory: Buffer } {
  const exports = loadWebAssembly(jsonTextCode) as Exports;
  const all = Buffer.from(exports.memory.buffer);
  for (let marked = 0; marked < 256; marked++) all.set(pattern(marked), 16 * marked);
  all.fill(1, escapesAt, escapesAt + 0x20);
  for (const [character, letter] of [...shortEscapes, ['"', '"'], ["\\", "\\"]] as const)
    all[escapesAt + character.charCodeAt(0)] = letter.charCodeAt(0);
  all.write("0123456789abcdef", digitsAt, "latin1");
  for (let byte = 0; byte < 256; byte++) {
    const digit = String.fromCharCode(byte);
    all[hexValuesAt + byte] = /[0-9a-f]/i.test(digit) ? Number.parseInt(digit, 16) : 255;
  }
  for (let character = 0; character < 128; character++) all[lettersAt + character] = character;
  for (const [character, letter] of shortEscapes) all[lettersAt + letter.charCodeAt(0)] = character.charCodeAt(0);
  return { ...exports, memory: all };
}

/** The block's bytes in order, by their number, with a backslash (any number from 8 on) before those marked. */
function pattern(marked: number): number[] {
  const backslash = 8;
  return Array.from({ length: 8 }, (_, at) => ((marked >> at) & 1 ? [backslash, at] : [at])).flat();
}
