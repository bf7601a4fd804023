import type { Refusal } from "../../engine/ports.ts";
import { type CacheEntry, type CacheRecord, parseRecord, refusal } from "./cache-entry.ts";

export interface ParsedEntry {
  readonly entry: CacheEntry;
  readonly record: CacheRecord;
}

export interface ParsedEntries {
  readonly parsed: readonly ParsedEntry[];
  readonly refused: readonly Refusal[];
}

/** Every store writes what it can hold: a key that is text, and a record that is a JSON object. */
export function parseEntries(entries: readonly CacheEntry[]): ParsedEntries {
  const parsed: ParsedEntry[] = [];
  const refused: Refusal[] = [];
  for (const entry of entries) {
    if (!entry.key.isWellFormed()) {
      refused.push(refusal(entry.key.toWellFormed(), "InvalidTextError", "the key has half a surrogate pair"));
      continue;
    }
    try {
      parsed.push({ entry, record: parseRecord(entry.text) });
    } catch (error) {
      refused.push(refusal(entry.key, "InvalidJsonError", (error as Error).message));
    }
  }
  return { parsed, refused };
}
