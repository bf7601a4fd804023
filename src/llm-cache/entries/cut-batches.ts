import type { Batch } from "../../engine/ports.ts";
import { type CacheEntry, sizeOf } from "./cache-entry.ts";
import type { Page } from "../kv-store.ts";

/** A batch of the operator, or a part of one that would be too large to travel whole. */
export interface CacheBatch extends Batch {
  readonly entries: readonly CacheEntry[];
  /** Behind its last entry; undefined when it has none. */
  readonly cursor: string | undefined;
  /** It is the last part of the operator's batch. */
  readonly endsBatch: boolean;
}

export interface CutLimits {
  /** Entries of one batch of the operator. */
  readonly size: number;
  /** Most entries and bytes that travel as one. */
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Cuts a store's pages, whose sizes are its own, into batches of exactly `size` entries; only the last one is smaller.
 * `begun` entries of the first batch are done already. The limits are read anew for each entry.
 */
export async function* cutBatches(
  pages: AsyncIterable<Page>,
  limits: CutLimits,
  begun: number,
): AsyncGenerator<CacheBatch> {
  let entries: CacheEntry[] = [];
  let bytes = 0;
  let inBatch = begun;
  let cursor: (() => string) | undefined;
  const cut = (endsBatch: boolean): CacheBatch => {
    const batch = { records: entries.length, bytes, entries, cursor: cursor?.(), endsBatch };
    entries = [];
    bytes = 0;
    if (endsBatch) inBatch = 0;
    return batch;
  };
  for await (const page of pages) {
    for (const [index, entry] of page.entries.entries()) {
      entries.push(entry);
      bytes += sizeOf(entry);
      inBatch++;
      cursor = () => page.cursorAfter(index);
      const endsBatch = inBatch >= limits.size;
      if (endsBatch || entries.length >= limits.rows || bytes >= limits.bytes) yield cut(endsBatch);
    }
  }
  if (inBatch > 0) yield cut(true);
}
