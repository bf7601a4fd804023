import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Entry, kinds } from "../entry.ts";
import { CommandError } from "../errors.ts";
import { addInt64, type Int64, parseInt64 } from "../integers.ts";
import type { Keyspace } from "../keyspace.ts";
import { bufferOf, type Bytes, Query } from "../query.ts";

/** Strings. What is returned may be shared with the cache: not to be written to. */
export class Strings {
  readonly #keys: Keyspace;
  readonly #select: Query<[Bytes]>;
  readonly #part: Query<[Bytes | null]>;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;

  constructor(file: DatabaseSync, keys: Keyspace) {
    this.#keys = keys;
    this.#select = new Query(file, "SELECT value FROM redis_strings WHERE key = ?");
    this.#part = new Query(file, "SELECT substr(value, ?, ?) FROM redis_strings WHERE key = ?");
    this.#insert = file.prepare("INSERT INTO redis_strings (key, value) VALUES (?, ?)");
    this.#update = file.prepare("UPDATE redis_strings SET value = ? WHERE key = ?");
  }

  /** @throws CommandError WRONGTYPE */
  get(key: Buffer): Buffer | undefined {
    const entry = this.#keys.findKind(key, kinds.string);
    return entry.kind === kinds.none ? undefined : this.valueOf(entry);
  }

  /** Of an entry whose kind is string. */
  valueOf(entry: Entry): Buffer {
    if (entry.value !== undefined) return entry.value;
    const value = bufferOf(this.#select.first(entry.key)![0]);
    this.#keys.hold(entry, value);
    return value;
  }

  /** So many bytes from this offset on; fewer at the end. */
  part(key: Buffer, offset: number, length: number): Buffer {
    const found = this.#part.first(offset + 1, length, key);
    return found?.[0] ? bufferOf(found[0]) : Buffer.alloc(0); // substr of an empty blob is NULL
  }

  /** Whatever the key held before. `expiresAt` 0: never; one that has passed leaves no key. */
  set(key: Buffer, value: Buffer, expiresAt: number): void {
    this.put(this.#keys.forWrite(key), value, expiresAt);
  }

  /** As set, of an entry that is being written. */
  put(entry: Entry, value: Buffer, expiresAt: number): void {
    const keys = this.#keys;
    if (expiresAt !== 0 && expiresAt <= keys.now) return keys.delete(entry);
    if (entry.kind !== kinds.none && entry.kind !== kinds.string) keys.delete(entry);
    if (entry.kind === kinds.none) {
      keys.create(entry, kinds.string, expiresAt);
      this.#insert.run(entry.key, value);
    } else {
      this.#update.run(value, entry.key);
      keys.touch(entry);
      keys.expireAt(entry, expiresAt);
    }
    keys.hold(entry, value);
  }

  /** Keeps the time the key expires at. @throws CommandError when the value is no integer or the sum none of 64 bits */
  incrBy(key: Buffer, delta: Int64): Int64 {
    const entry = this.#keys.forWriteKind(key, kinds.string);
    const value = entry.kind === kinds.none ? 0 : parseInt64(this.valueOf(entry));
    if (value === undefined) throw new CommandError("ERR value is not an integer or out of range");
    const sum = addInt64(value, delta);
    if (sum === undefined) throw new CommandError("ERR increment or decrement would overflow");
    this.put(entry, Buffer.from(String(sum), "latin1"), entry.expiresAt);
    return sum;
  }
}
