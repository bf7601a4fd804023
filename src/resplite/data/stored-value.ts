import { AppError } from "../../engine/errors.ts";
import type { Data } from "./data.ts";
import { type Entry, type Kind, kinds } from "./entry.ts";
import type { Scored } from "./types/zset-ranges.ts";

/** A value, or a part of one: what travels between Redis and the file. */
export type StoredValue =
  | { readonly kind: typeof kinds.string; readonly value: Buffer }
  | { readonly kind: typeof kinds.hash; readonly pairs: readonly Buffer[] }
  | { readonly kind: typeof kinds.set; readonly members: readonly Buffer[] }
  | { readonly kind: typeof kinds.list; readonly values: readonly Buffer[] }
  | { readonly kind: typeof kinds.zset; readonly scored: readonly Scored[] };

/**
 * The key holds exactly this afterwards, whatever it held before; in the open transaction, or in one of its own.
 * `expiresAt` 0: never.
 */
export function replaceKey(data: Data, key: Buffer, value: StoredValue, expiresAt: number): void {
  data.transaction(() => {
    deleteKey(data, key);
    append(data, key, value);
    const entry = data.keys.find(key);
    if (entry.kind !== kinds.none) data.keys.expireAt(entry, expiresAt);
  });
}

/** Whether it was there. In the open transaction, or in one of its own. */
export function deleteKey(data: Data, key: Buffer): boolean {
  return data.transaction(() => {
    const entry = data.keys.forWrite(key);
    const there = entry.kind !== kinds.none;
    data.keys.delete(entry);
    return there;
  });
}

/**
 * A key that is being written in parts expires at this time, which has passed: nobody sees it half, and after a crash
 * the sweeper takes it.
 */
const unfinished = 1;

/**
 * Replaces a key whose value is too large for one transaction. Until `finish` the key is not there for those who read;
 * after a crash it is not there either, and the next replacement takes its place. Each method works in the open
 * transaction, or in one of its own.
 */
export class ReplacementInParts {
  readonly #data: Data;
  readonly #key: Buffer;
  readonly #kind: Kind;
  readonly #expiresAt: number;

  /** A string cannot be written in parts. `expiresAt` 0: never. */
  constructor(data: Data, key: Buffer, kind: Exclude<Kind, 0 | 1>, expiresAt: number) {
    this.#data = data;
    this.#key = key;
    this.#kind = kind;
    this.#expiresAt = expiresAt;
    data.transaction(() => {
      deleteKey(data, key);
      const entry = data.keys.find(key);
      data.keys.create(entry, kind);
      if (kind === kinds.list) data.lists.begin(entry);
      data.keys.conceal(entry, unfinished);
    });
  }

  /** A hash, set or sorted set may get the same member again; the last one counts. @throws AppError key_taken */
  append(part: StoredValue): void {
    this.#revealed(() => append(this.#data, this.#key, part), unfinished);
  }

  /** Now the key is there, unless nothing was appended. */
  finish(): void {
    this.#revealed((entry) => {
      if (isEmpty(this.#data, this.#key, this.#kind)) this.#data.keys.delete(entry);
    }, this.#expiresAt);
  }

  #revealed(work: (entry: Entry) => void, expiresAt: number): void {
    const { keys } = this.#data;
    this.#data.transaction(() => {
      const entry = keys.reveal(this.#key, this.#kind, unfinished);
      if (entry === undefined)
        throw new AppError("key_taken", takenText, {
          hint: "Let one process write into the file at a time, then repeat the write if it is still meant.",
        });
      work(entry);
      keys.conceal(entry, expiresAt);
    });
  }
}

const takenText =
  "A key that was being replaced in parts was written by another process. It holds what that one has written.";

function append(data: Data, key: Buffer, value: StoredValue): void {
  switch (value.kind) {
    case kinds.string:
      return data.strings.set(key, value.value, 0);
    case kinds.hash:
      return void (value.pairs.length > 0 && data.hashes.set(key, value.pairs));
    case kinds.set:
      return void (value.members.length > 0 && data.sets.add(key, value.members));
    case kinds.list:
      return void (value.values.length > 0 && data.lists.push(key, "right", value.values));
    case kinds.zset:
      return void (value.scored.length > 0 && data.zsets.add(key, value.scored));
  }
}

function isEmpty(data: Data, key: Buffer, kind: Kind): boolean {
  if (kind === kinds.list) return data.lists.length(key) === 0;
  if (kind === kinds.hash) return data.hashes.part(key, undefined, 1).length === 0;
  if (kind === kinds.set) return data.sets.part(key, undefined, 1).length === 0;
  return data.zsets.part(key, undefined, 1).length === 0;
}
