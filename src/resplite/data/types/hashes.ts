import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Entry, kinds } from "../entry.ts";
import { CommandError } from "../errors.ts";
import { FieldTtls } from "./field-ttls.ts";
import { addInt64, type Int64, parseInt64 } from "../integers.ts";
import type { Keyspace } from "../keyspace.ts";
import { Members } from "./members.ts";
import { bufferOf, type Bytes, Query } from "../query.ts";

/** Fields and values, in turn, as HGETALL answers them. */
export type Pairs = readonly Buffer[];

/** Hashes. Methods throw CommandError WRONGTYPE when the key holds another kind. */
export class Hashes {
  readonly #keys: Keyspace;
  readonly #members: Members;
  readonly #fieldTtls: FieldTtls | undefined;
  readonly #select: Query<[Bytes]>;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #all: Query<[Bytes, Bytes]>;
  readonly #allByAge: Query<[Bytes, Bytes]>;
  readonly #first: Query<[Bytes, Bytes]>;
  readonly #after: Query<[Bytes, Bytes]>;

  constructor(file: DatabaseSync, keys: Keyspace) {
    this.#keys = keys;
    this.#members = new Members(file, keys, "redis_hashes", "field");
    if (keys.features.fieldTtl) this.#fieldTtls = new FieldTtls(file, keys, this.#members);
    this.#select = new Query(file, "SELECT value FROM redis_hashes WHERE key = ? AND field = ?");
    this.#insert = file.prepare("INSERT INTO redis_hashes (key, field, value) VALUES (?, ?, ?)");
    this.#update = file.prepare("UPDATE redis_hashes SET value = ? WHERE key = ? AND field = ?");
    const all = "SELECT field, value FROM redis_hashes WHERE key = ?";
    this.#all = new Query(file, all);
    this.#allByAge = new Query(file, `${all} ORDER BY rowid`);
    this.#first = new Query(file, `${all} ORDER BY field LIMIT ?`);
    this.#after = new Query(file, `${all} AND field > ? ORDER BY field LIMIT ?`);
  }

  get(key: Buffer, field: Buffer): Buffer | undefined {
    const entry = this.#find(key);
    return entry.kind === kinds.none ? undefined : this.#value(entry, field);
  }

  getMany(key: Buffer, fields: readonly Buffer[]): (Buffer | undefined)[] {
    const entry = this.#find(key);
    return fields.map((field) => (entry.kind === kinds.none ? undefined : this.#value(entry, field)));
  }

  /** A small hash in the order its fields were added, a large one in that of their bytes. */
  getAll(key: Buffer): Buffer[] {
    const entry = this.#find(key);
    if (entry.kind === kinds.none) return [];
    const all = (this.#members.isSmall(entry) ? this.#allByAge : this.#all).all(entry.key);
    return all.flatMap(([field, value]) => [bufferOf(field), bufferOf(value)]);
  }

  count(key: Buffer): number {
    return this.#members.count(this.#find(key));
  }

  /** How many fields were added. Afterwards no field of these expires by itself. */
  set(key: Buffer, pairs: Pairs): number {
    const entry = this.#forWrite(key);
    const isNew = entry.kind === kinds.none;
    if (isNew) this.#keys.create(entry, kinds.hash);
    let added = 0;
    for (let at = 0; at < pairs.length; at += 2)
      added += this.#put(entry, pairs[at]!, pairs[at + 1]!, isNew && at === 0);
    this.#members.added(entry, added);
    return added;
  }

  /** How many there were. The last one takes the key with it. */
  delete(key: Buffer, fields: readonly Buffer[]): number {
    const entry = this.#forWrite(key);
    if (entry.kind === kinds.none) return 0;
    for (const field of fields) this.#fieldTtls?.forget(entry, field);
    return this.#members.delete(entry, fields);
  }

  /** @throws CommandError when the value is no integer or the sum none of 64 bits */
  incrBy(key: Buffer, field: Buffer, delta: Int64): Int64 {
    const entry = this.#forWrite(key);
    const old = entry.kind === kinds.none ? undefined : this.#value(entry, field);
    const value = old === undefined ? 0 : parseInt64(old);
    if (value === undefined) throw new CommandError("ERR hash value is not an integer");
    const sum = addInt64(value, delta);
    if (sum === undefined) throw new CommandError("ERR increment or decrement would overflow");
    this.set(key, [field, Buffer.from(String(sum), "latin1")]);
    return sum;
  }

  /** Up to so many fields behind this one, by their bytes, with their values. */
  part(key: Buffer, after: Buffer | undefined, limit: number): [field: Buffer, value: Buffer][] {
    this.#find(key);
    const found = after === undefined ? this.#first.all(key, limit) : this.#after.all(key, after, limit);
    return found.map(([field, value]) => [bufferOf(field), bufferOf(value)]);
  }

  #find(key: Buffer): Entry {
    const entry = this.#keys.findKind(key, kinds.hash);
    if (this.#fieldTtls !== undefined && entry.kind !== kinds.none) this.#fieldTtls.expire(entry);
    return entry;
  }

  #forWrite(key: Buffer): Entry {
    this.#keys.beginWrite();
    this.#find(key);
    return this.#keys.forWriteKind(key, kinds.hash);
  }

  #value(entry: Entry, field: Buffer): Buffer | undefined {
    const found = this.#select.first(entry.key, field);
    return found && bufferOf(found[0]);
  }

  #put(entry: Entry, field: Buffer, value: Buffer, isFirst: boolean): 0 | 1 {
    this.#fieldTtls?.forget(entry, field);
    if (!isFirst && this.#update.run(value, entry.key, field).changes !== 0) return 0;
    this.#insert.run(entry.key, field, value);
    return 1;
  }
}
