import type { Entry } from "./entry.ts";

export interface CacheLimits {
  readonly entries: number;
  readonly bytes: number;
}

const cacheDefaults: CacheLimits = { entries: 50_000, bytes: 64 * 1024 * 1024 };

/** What an entry takes beside its key and value, about. */
const entryBytes = 250;

/**
 * Entries by the name of their key, in two generations: what is used moves to the young one, and when that has half of
 * what is allowed, the old one is forgotten. So most recently used entries stay, and a look-up costs no more than a
 * Map's.
 */
export class EntryCache {
  readonly #limits: CacheLimits;
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #youngBytes = 0;
  #oldBytes = 0;
  hits = 0;
  misses = 0;

  constructor(limits: CacheLimits = cacheDefaults) {
    this.#limits = limits;
  }

  get(name: string): Entry | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) {
      this.hits += 1;
      return young;
    }
    const old = this.#old.get(name);
    if (old === undefined) {
      this.misses += 1;
      return undefined;
    }
    this.hits += 1;
    this.#old.delete(name);
    this.#oldBytes -= sizeOf(old);
    this.add(old);
    return old;
  }

  add(entry: Entry): void {
    this.#young.set(entry.name, entry);
    this.#youngBytes += sizeOf(entry);
  }

  /** The entry is in use, hence young. */
  resized(by: number): void {
    this.#youngBytes += by;
  }

  /** Call when nothing waits to be written: an entry that waits must not be forgotten. */
  trim(): void {
    const { entries, bytes } = this.#limits;
    if (this.#young.size * 2 <= entries && this.#youngBytes * 2 <= bytes) return;
    const keep = this.#youngBytes <= bytes && this.#young.size <= entries;
    this.#old = keep ? this.#young : new Map();
    this.#oldBytes = keep ? this.#youngBytes : 0;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  forget(name: string): void {
    const young = this.#young.get(name);
    if (young !== undefined) {
      this.#young.delete(name);
      this.#youngBytes -= sizeOf(young);
    }
    const old = this.#old.get(name);
    if (old !== undefined) {
      this.#old.delete(name);
      this.#oldBytes -= sizeOf(old);
    }
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngBytes = 0;
    this.#oldBytes = 0;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }
}

function sizeOf({ key, value }: Entry): number {
  return entryBytes + 2 * key.length + (value?.length ?? 0);
}
