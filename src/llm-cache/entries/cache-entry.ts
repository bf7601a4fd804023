import type { Refusal } from "../../engine/ports.ts";

/**
 * One cached answer. It travels as the text of its record, a JSON object, so that no number, key order or unknown field
 * changes on the way between stores that keep text.
 */
export interface CacheEntry {
  /** `mode:type:hash` */
  readonly key: string;
  readonly text: string;
  /** The same in UTF-8, where the store gave it so: who only passes it on need not decode it. */
  readonly bytes?: Buffer | undefined;
  /** Where the store knows its times finer than the whole seconds in `text`: microseconds since 1970. */
  readonly micros?: EntryMicros | undefined;
  /** Why the source could not read it; `text` is empty then. */
  readonly unreadable?: Refusal | undefined;
}

/** As its store gave it; its text is decoded when it is asked for. */
export class BytesEntry implements CacheEntry {
  readonly key: string;
  readonly bytes: Buffer;

  /** `bytes` are UTF-8. */
  constructor(key: string, bytes: Buffer) {
    this.key = key;
    this.bytes = bytes;
  }

  get text(): string {
    return this.bytes.toString();
  }
}

/** About how much memory and how many bytes on the wire it takes. */
export function sizeOf(entry: CacheEntry): number {
  return entry.bytes?.length ?? entry.text.length;
}

export interface EntryMicros {
  readonly create: string | null;
  readonly update: string | null;
}

/**
 * A number whose digits JavaScript's numbers cannot hold, as JSON.rawJSON keeps it; JSON.stringify writes the digits.
 */
export interface ExactNumber {
  readonly rawJSON: string;
}

export type Json = string | number | boolean | null | ExactNumber | Json[] | { [name: string]: Json };

/** The fields of a record: https://github.com/HKUDS/LightRAG, lightrag/utils.py, save_to_cache. */
export type CacheRecord = Record<string, Json>;

/** Throws SyntaxError when the entry is no JSON object. */
export function checkRecord(entry: CacheEntry): void {
  try {
    // JSON's signs are ASCII and anything may stand in a string, so bytes need not be decoded for this: that takes as
    // long again
    requireObject(JSON.parse(entry.bytes?.toString("latin1") ?? entry.text));
  } catch {
    parseRecord(entry.text); // its message quotes the text
  }
}

/**
 * The record with each string's UTF-8 bytes for its characters, where that can be had without decoding them: to be
 * written as latin1. Undefined where it cannot, as the store gave no bytes, or strings have characters that are escaped
 * by their number, among them NUL and half surrogate pairs. Throws SyntaxError as `parseRecord` does.
 */
export function parseBytes(entry: CacheEntry): CacheRecord | undefined {
  if (entry.bytes === undefined || entry.bytes.includes("\\u")) return undefined;
  return parseRecord(entry.bytes.toString("latin1"));
}

/**
 * The record in `text`; numbers that JavaScript would change are ExactNumber. Throws SyntaxError when the text is no
 * JSON object.
 */
export function parseRecord(text: string): CacheRecord {
  const record: unknown = JSON.parse(text);
  requireObject(record);
  return Object.values(record as CacheRecord).some(mayHoldExact) ? parseExact(text) : (record as CacheRecord);
}

function requireObject(record: unknown): void {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new SyntaxError("the record is no JSON object");
  }
}

/** Of Node 22 and later; not in TypeScript's library yet: https://github.com/tc39/proposal-json-parse-with-source */
const exactJson = JSON as typeof JSON & {
  rawJSON(text: string): ExactNumber;
  isRawJSON(value: unknown): boolean;
};

export function isExactNumber(value: unknown): value is ExactNumber {
  return exactJson.isRawJSON(value);
}

/** `digits` is a number of JSON. */
export function exactNumber(digits: string): ExactNumber {
  return exactJson.rawJSON(digits);
}

/** Only where there may be such a number, as it takes ten times as long. */
function mayHoldExact(value: unknown): boolean {
  return (typeof value === "object" && value !== null) || (typeof value === "number" && !Number.isSafeInteger(value));
}

function parseExact(text: string): CacheRecord {
  return JSON.parse(text, (_name: string, value: Json, context?: { readonly source?: string }) => {
    const source = context?.source;
    return typeof value === "number" && source !== undefined && String(value) !== source ? exactNumber(source) : value;
  }) as CacheRecord;
}

/** How a refusal names what has not been taken. */
export function refusal(key: string, type: string, reason: string): Refusal {
  return { id: key, type, reason };
}

export function unreadable(key: string, type: string, reason: string): CacheEntry {
  return { key, text: "", unreadable: refusal(key, type, reason) };
}
