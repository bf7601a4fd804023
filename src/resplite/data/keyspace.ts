import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Entry, type Kind, kinds } from "./entry.ts";
import type { EntryCache } from "./entry-cache.ts";
import { wrongType } from "./errors.ts";
import type { FileFeatures } from "./schema.ts";
import { bufferOf, type Bytes, Query } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/**
 * updated_at of a key is at most this much older than its last write, and version counts no write that it leaves out:
 * one statement and one page of the log less for most writes.
 */
const touchMillis = 60_000;

/** Of the bytes of one value; a larger one would drive too many others out of the cache. */
const largestHeld = 1024 * 1024;

/** Times beyond this, 285,000 years from now, are read as this: node:sqlite reads no larger integers as numbers. */
const latest = Number.MAX_SAFE_INTEGER;

/**
 * Keys: which there are, of what kind, until when. Every other part of the data layer asks here first and writes
 * through `forWrite`. An expired key is not there for those who read; its row goes with the next write to it, or with
 * `sweep`.
 */
export class Keyspace {
  readonly cache: EntryCache;
  readonly features: FileFeatures;
  /** Milliseconds since 1970, the same for all that happens in one turn. */
  now = Date.now();
  readonly #transaction: Transaction;
  readonly #pending: Entry[] = [];
  #size = -1;
  readonly #select: Query<[Kind, number | null, number]>;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteFieldTtls: StatementSync | undefined;
  readonly #updateList: StatementSync;
  readonly #page: Query<KeyRow>;
  readonly #first: Query<KeyRow>;
  readonly #after: Query<KeyRow>;
  readonly #expired: Query<[Bytes]>;
  readonly #count: Query<[number]>;
  readonly #countExpiring: Query<[number]>;
  readonly #deleteEverything: StatementSync;

  constructor(file: DatabaseSync, transaction: Transaction, features: FileFeatures, cache: EntryCache) {
    this.cache = cache;
    this.features = features;
    this.#transaction = transaction;
    const counts = features.countColumns ? "set_count = NULL, hash_count = NULL, zset_count = NULL, " : "";
    this.#select = new Query(file, `SELECT type, min(expires_at, ${latest}), updated_at FROM redis_keys WHERE key = ?`);
    this.#insert = file.prepare(
      "INSERT INTO redis_keys (key, type, expires_at, version, updated_at) VALUES (?, ?, ?, 1, ?)",
    );
    this.#update = file.prepare(
      `UPDATE redis_keys SET ${counts}expires_at = ?, version = version + 1, updated_at = ? WHERE key = ?`,
    );
    this.#delete = file.prepare("DELETE FROM redis_keys WHERE key = ?");
    if (features.fieldTtl) this.#deleteFieldTtls = file.prepare("DELETE FROM redis_hash_field_ttl WHERE key = ?");
    this.#updateList = file.prepare(
      "INSERT INTO redis_list_meta (key, head_seq, tail_seq) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET head_seq = excluded.head_seq, tail_seq = excluded.tail_seq",
    );
    const columns = `rowid, key, type, min(expires_at, ${latest})`;
    this.#page = new Query(file, `SELECT ${columns} FROM redis_keys WHERE rowid < ? ORDER BY rowid DESC LIMIT ?`);
    this.#first = new Query(file, `SELECT ${columns} FROM redis_keys ORDER BY key LIMIT ?`);
    this.#after = new Query(file, `SELECT ${columns} FROM redis_keys WHERE key > ? ORDER BY key LIMIT ?`);
    this.#expired = new Query(file, "SELECT key FROM redis_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?");
    this.#count = new Query(file, "SELECT count(*) FROM redis_keys");
    this.#countExpiring = new Query(file, "SELECT count(*) FROM redis_keys WHERE expires_at IS NOT NULL");
    this.#deleteEverything = file.prepare("DELETE FROM redis_keys");
  }

  /** What is known of the key; its kind is `none` when it is not there or has expired. */
  find(key: Buffer): Entry {
    const name = key.toString("latin1");
    const entry = this.cache.get(name) ?? this.#load(name, key);
    if (entry.expiresAt !== 0 && entry.expiresAt <= this.now) this.#clear(entry);
    return entry;
  }

  /** As find, for one who needs this kind. @throws CommandError WRONGTYPE */
  findKind(key: Buffer, kind: Kind): Entry {
    const entry = this.find(key);
    if (entry.kind !== kind && entry.kind !== kinds.none) throw wrongType();
    return entry;
  }

  /** The entry, with the transaction open and nothing left of what has expired under this key. */
  forWrite(key: Buffer): Entry {
    this.beginWrite();
    const entry = this.find(key);
    if (entry.hasRow && entry.kind === kinds.none) this.#deleteRow(entry);
    return entry;
  }

  /** As forWrite, for one who adds to this kind. @throws CommandError WRONGTYPE */
  forWriteKind(key: Buffer, kind: Kind): Entry {
    const entry = this.forWrite(key);
    if (entry.kind !== kind && entry.kind !== kinds.none) throw wrongType();
    return entry;
  }

  beginWrite(): void {
    if (this.#transaction.open) return;
    this.#transaction.begin();
    this.forgetWhenOthersWrote();
  }

  /** Gives the key, which is not there, its row. What belongs to the kind is written by the caller. */
  create(entry: Entry, kind: Kind, expiresAt = 0): void {
    this.#insert.run(entry.key, kind, expiresAt === 0 ? null : expiresAt, this.now);
    entry.kind = kind;
    entry.expiresAt = expiresAt;
    entry.hasRow = true;
    entry.updatedAt = this.now;
    entry.count = 0;
    entry.countStored = false;
    if (this.#size >= 0) this.#size += 1;
  }

  /** To be called with every change of what a key holds. */
  touch(entry: Entry): void {
    if (entry.pending) return;
    const countsWrong = this.features.countColumns && entry.countStored;
    if (!countsWrong && this.now - entry.updatedAt < touchMillis) return;
    this.#await(entry);
  }

  /** To be called when head or tail of a list have moved. */
  moved(entry: Entry): void {
    this.touch(entry);
    if (!entry.pending) this.#await(entry);
  }

  /** 0: never. */
  expireAt(entry: Entry, expiresAt: number): void {
    if (entry.expiresAt === expiresAt) return;
    entry.expiresAt = expiresAt;
    entry.updatedAt = 0;
    if (!entry.pending) this.#await(entry);
  }

  /** The key and all it holds. */
  delete(entry: Entry): void {
    this.#clear(entry);
    if (entry.hasRow) this.#deleteRow(entry);
  }

  /** Keeps a copy of a string's value for those who read it next, unless it is too large to be kept. */
  hold(entry: Entry, value: Buffer): void {
    const held = value.length <= largestHeld ? Buffer.from(value) : undefined;
    this.cache.resized((held?.length ?? 0) - (entry.value?.length ?? 0));
    entry.value = held;
  }

  /**
   * Makes a key that expires at this time, which has passed, one that can be read and written until `conceal`.
   * Undefined when there is none of the kind. Inside of one transaction, with nobody else at work between the two.
   */
  reveal(key: Buffer, kind: Kind, expiresAt: number): Entry | undefined {
    const name = key.toString("latin1");
    this.cache.forget(name);
    const entry = this.#load(name, key);
    if (entry.kind !== kind || entry.expiresAt !== expiresAt) return undefined;
    entry.expiresAt = 0;
    entry.updatedAt = 0;
    this.#await(entry);
    return entry;
  }

  /** The key expires at this time from now on, which may have passed; 0: never. */
  conceal(entry: Entry, expiresAt: number): void {
    this.expireAt(entry, expiresAt);
    this.flush();
    this.cache.forget(entry.name);
  }

  /** To be called before COMMIT: writes what waits. */
  flush(): void {
    for (const entry of this.#pending) this.#write(entry);
    this.#pending.length = 0;
  }

  /** To be called when a transaction was rolled back: nothing is known any more. */
  forgetAll(): void {
    this.#pending.length = 0;
    this.cache.clear();
    this.#size = -1;
  }

  forgetWhenOthersWrote(): void {
    if (this.#transaction.otherWrote()) this.forgetAll();
  }

  /** Keys with a row, some of which may have expired. */
  size(): number {
    if (this.#size < 0) this.#size = this.#count.first()![0];
    return this.#size;
  }

  /** Keys that expire some day, and those that have and were not swept. */
  expiring(): number {
    return this.#countExpiring.first()![0];
  }

  deleteAll(): void {
    this.beginWrite();
    this.#deleteEverything.run();
    this.forgetAll();
  }

  /**
   * A page of keys by the age of their rows, newest first; `cursor` 0 begins and ends. A key that is there from
   * beginning to end comes exactly once; keys that are added meanwhile do not come, so it ends.
   */
  scan(cursor: number, count: number): { cursor: number; keys: ScannedKey[] } {
    const page = this.#page.all(cursor === 0 ? latest : cursor, count);
    const last = page.at(-1);
    const more = last !== undefined && page.length === count && last[0] > 1;
    return { cursor: more ? last[0] : 0, keys: this.#present(page) };
  }

  /**
   * Keys in the order of their bytes, after this one. Ends with an empty page only: one may be short where keys have
   * expired.
   */
  after(key: Buffer | undefined, count: number): { last: Buffer | undefined; keys: ScannedKey[] } {
    const page = key === undefined ? this.#first.all(count) : this.#after.all(key, count);
    const last = page.at(-1);
    return { last: last && bufferOf(last[1]), keys: this.#present(page) };
  }

  /** Deletes up to so many keys that have expired; how many it were. */
  sweep(limit: number): number {
    const found = this.#expired.all(this.now, limit);
    for (const [key] of found) this.forWrite(bufferOf(key)); // of which an expired row is deleted
    return found.length;
  }

  #present(page: KeyRow[]): ScannedKey[] {
    return page
      .filter(([, , , expiresAt]) => expiresAt === null || expiresAt > this.now)
      .map(([, key, kind, expiresAt]) => ({ key: bufferOf(key), kind, expiresAt: expiresAt ?? 0 }));
  }

  #load(name: string, key: Buffer): Entry {
    const entry = new Entry(name, Buffer.from(key)); // the caller's is part of what was received
    const found = this.#select.first(key);
    if (found !== undefined) {
      entry.hasRow = true;
      entry.kind = found[0];
      entry.expiresAt = found[1] ?? 0;
      entry.updatedAt = found[2];
    }
    this.cache.add(entry);
    return entry;
  }

  #clear(entry: Entry): void {
    if (entry.value !== undefined) this.cache.resized(-entry.value.length);
    entry.clear();
  }

  #await(entry: Entry): void {
    entry.pending = true;
    this.#pending.push(entry);
  }

  #write(entry: Entry): void {
    entry.pending = false;
    if (entry.kind === kinds.none || !entry.hasRow) return; // deleted since
    if (entry.kind === kinds.list && !Number.isNaN(entry.head)) this.#updateList.run(entry.key, entry.head, entry.tail);
    if (entry.updatedAt === this.now && !entry.countStored) return;
    this.#update.run(entry.expiresAt === 0 ? null : entry.expiresAt, this.now, entry.key);
    entry.updatedAt = this.now;
    entry.countStored = false;
  }

  #deleteRow(entry: Entry): void {
    this.#deleteFieldTtls?.run(entry.key);
    this.#delete.run(entry.key);
    entry.hasRow = false;
    if (this.#size >= 0) this.#size -= 1;
  }
}

export interface ScannedKey {
  readonly key: Buffer;
  readonly kind: Kind;
  /** Milliseconds since 1970; 0: never. */
  readonly expiresAt: number;
}

type KeyRow = [rowid: number, key: Bytes, kind: Kind, expiresAt: number | null];
