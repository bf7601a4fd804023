import type { DatabaseSync, StatementSync } from "node:sqlite";
import { kinds } from "../entry.ts";
import type { Keyspace } from "../keyspace.ts";
import { Members } from "./members.ts";
import { bufferOf, type Bytes, Query } from "../query.ts";

/** Sets. Methods throw CommandError WRONGTYPE when the key holds another kind. */
export class Sets {
  readonly #keys: Keyspace;
  readonly #members: Members;
  readonly #insert: StatementSync;
  readonly #all: Query<[Bytes]>;
  readonly #allByAge: Query<[Bytes]>;
  readonly #first: Query<[Bytes]>;
  readonly #after: Query<[Bytes]>;

  constructor(file: DatabaseSync, keys: Keyspace) {
    this.#keys = keys;
    this.#members = new Members(file, keys, "redis_sets", "member");
    this.#insert = file.prepare("INSERT INTO redis_sets (key, member) VALUES (?, ?) ON CONFLICT DO NOTHING");
    const all = "SELECT member FROM redis_sets WHERE key = ?";
    this.#all = new Query(file, all);
    this.#allByAge = new Query(file, `${all} ORDER BY rowid`);
    this.#first = new Query(file, `${all} ORDER BY member LIMIT ?`);
    this.#after = new Query(file, `${all} AND member > ? ORDER BY member LIMIT ?`);
  }

  /** How many were not there before. */
  add(key: Buffer, members: readonly Buffer[]): number {
    const entry = this.#keys.forWriteKind(key, kinds.set);
    if (entry.kind === kinds.none) this.#keys.create(entry, kinds.set);
    let added = 0;
    for (const member of members) added += Number(this.#insert.run(entry.key, member).changes);
    if (added > 0) this.#members.added(entry, added);
    return added;
  }

  /** How many there were. The last one takes the key with it. */
  delete(key: Buffer, members: readonly Buffer[]): number {
    const entry = this.#keys.forWriteKind(key, kinds.set);
    return entry.kind === kinds.none ? 0 : this.#members.delete(entry, members);
  }

  /** A small set in the order its members were added, a large one in that of their bytes. */
  all(key: Buffer): Buffer[] {
    const entry = this.#keys.findKind(key, kinds.set);
    if (entry.kind === kinds.none) return [];
    const statement = this.#members.isSmall(entry) ? this.#allByAge : this.#all;
    return statement.all(entry.key).map(([member]) => bufferOf(member));
  }

  has(key: Buffer, member: Buffer): boolean {
    return this.#members.has(this.#keys.findKind(key, kinds.set), member);
  }

  count(key: Buffer): number {
    return this.#members.count(this.#keys.findKind(key, kinds.set));
  }

  /** Up to so many members behind this one, by their bytes. */
  part(key: Buffer, after: Buffer | undefined, limit: number): Buffer[] {
    const found = after === undefined ? this.#first.all(key, limit) : this.#after.all(key, after, limit);
    return found.map(([member]) => bufferOf(member));
  }
}
