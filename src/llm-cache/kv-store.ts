import type { Refusal } from "../engine/ports.ts";
import type { CacheEntry } from "./entries/cache-entry.ts";
import type { CacheKind, CacheKinds } from "./entries/cache-kinds.ts";
import type { StoreType } from "./store-settings.ts";

/** Entries in the order of their store, with the way to go on behind each. */
export interface Page {
  readonly entries: readonly CacheEntry[];
  /** Opaque text. `read` that is given it goes on behind this entry. */
  cursorAfter(index: number): string;
}

/**
 * Port: the LLM caches of one workspace in one store. Nothing of another workspace is read, counted or written.
 * Errors are those of the store's driver; `failureOf` tells what they mean.
 */
export interface KvStore {
  readonly type: StoreType;
  /** As the operator named it; empty for the store's own default. */
  readonly workspace: string;
  /** Tells the store and workspace from all others; without secrets, the same in every run. */
  readonly identity: string;

  /** Entries of each kind, without loading a value. Kinds without entries may be absent. */
  count(kinds: CacheKinds, signal: AbortSignal): Promise<Map<CacheKind, number>>;

  /**
   * All entries of these kinds that are there from the beginning to the end, each once, in pages of at most `pageBytes`
   * (and one entry) and about `pageEntries`. Goes on behind the cursor `after`. When `signal` aborts it ends before the
   * next page.
   */
  read(kinds: CacheKinds, after: string | undefined, signal: AbortSignal): AsyncIterable<Page>;

  /**
   * Whether `read` may go on behind this cursor. It may not when the store was changed in a way that makes the cursor
   * mean another place.
   */
  accepts(cursor: string): Promise<boolean>;

  /** Those of these keys that are there, in any order. */
  get(keys: readonly string[]): Promise<CacheEntry[]>;

  /**
   * Call before the first write. Makes what is missing: the table, the folder. `goesOn` after a run that was stopped:
   * what it wrote stays.
   */
  prepare(goesOn: boolean): Promise<void>;

  /**
   * Makes these entries durable, over those of the same keys, and leaves everything else as it is; returns those that
   * this store can never hold. Throws when nothing can be said of any of them. Keys do not repeat.
   */
  write(entries: readonly CacheEntry[]): Promise<readonly Refusal[]>;

  /** What was written is where readers look for it. Call when the last write has ended, also after a stop. */
  persist(): Promise<void>;

  /** Those of this server, database or folder that hold caches, whatever their kind. */
  workspaces(): Promise<string[]>;

  close(): Promise<void>;
}

export const pageBytes = 16_000_000;
export const pageEntries = 1000;
