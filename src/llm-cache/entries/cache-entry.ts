import type { Refusal } from "../../engine/ports.ts";

/**
 * One cached answer. It travels as the text of its record, a JSON object, so that no number, key order or unknown field changes on the way between
 * stores that keep text.
 */
export interface CacheEntry {
  /** `mode:type:hash` */
  readonly key: string;
  readonly text: string;
  /** Where the store knows its times finer than the whole seconds in `text`: microseconds since 1970. */
  readonly micros?: EntryMicros | undefined;
  /** Why the source could not read it; `text` is empty then. */
  readonly unreadable?: Refusal | undefined;
}

export interface EntryMicros {
  readonly create: string | null;
  readonly update: string | null;
}

/** A number whose digits JavaScript's numbers cannot hold, as JSON.rawJSON keeps it; JSON.stringify writes the digits. */
export interface ExactNumber {
  readonly rawJSON: string;
}

export type Json = string | number | boolean | null | ExactNumber | Json[] | { [name: string]: Json };

/** The fields of a record: https://github.com/HKUDS/LightRAG, lightrag/utils.py, save_to_cache. */
export type CacheRecord = Record<string, Json>;

/**
 * The record in `text`; numbers that JavaScript would change are ExactNumber. Throws SyntaxError when the text is no JSON object.
 */
export function parseRecord(text: string): CacheRecord {
  const record: unknown = JSON.parse(text);
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new SyntaxError("the record is no JSON object");
  }
  return Object.values(record).some(mayHoldExact) ? parseExact(text) : (record as CacheRecord);
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
