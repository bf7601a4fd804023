import type { Refusal } from "../../engine/ports.ts";
import { type CacheEntry, refusal } from "./cache-entry.ts";

type Take = (entry: CacheEntry) => Refusal | undefined;

/**
 * Hands the entries to `take`, one after the other, and returns the refusals: those that it returns, and of entries
 * that no store can hold, as their key is no text, or `take` throws SyntaxError because they are no JSON object. What
 * it keeps of an entry is all that stays in memory.
 */
export function takeEntries(entries: readonly CacheEntry[], take: Take): readonly Refusal[] {
  return entries.flatMap((entry) => takeEntry(entry, take) ?? []);
}

/** The same of one. */
export function takeEntry(entry: CacheEntry, take: Take): Refusal | undefined {
  if (!entry.key.isWellFormed()) {
    return refusal(entry.key.toWellFormed(), "InvalidTextError", "the key has half a surrogate pair");
  }
  try {
    return take(entry);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refusal(entry.key, "InvalidJsonError", error.message);
  }
}
