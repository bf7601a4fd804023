import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Entry, kinds } from "../entry.ts";
import type { Keyspace } from "../keyspace.ts";
import { Query } from "../query.ts";

/**
 * Up to here a container answers in the order its members were added, as Redis does with what it keeps in a list pack.
 */
const small = 512;

/** What hashes, sets and sorted sets have in common: rows by (key, member), a count, an end when the last one goes. */
export class Members {
  readonly #keys: Keyspace;
  readonly #count: Query<[number]>;
  readonly #exists: Query<[1]>;
  readonly #delete: StatementSync;
  readonly #any: Query<[1]>;

  constructor(file: DatabaseSync, keys: Keyspace, table: string, member: string) {
    this.#keys = keys;
    this.#count = new Query(file, `SELECT count(*) FROM ${table} WHERE key = ?`);
    this.#exists = new Query(file, `SELECT 1 FROM ${table} WHERE key = ? AND ${member} = ?`);
    this.#delete = file.prepare(`DELETE FROM ${table} WHERE key = ? AND ${member} = ?`);
    this.#any = new Query(file, `SELECT 1 FROM ${table} WHERE key = ? LIMIT 1`);
  }

  count(entry: Entry): number {
    if (entry.kind === kinds.none) return 0;
    if (entry.count < 0) entry.count = this.#count.first(entry.key)![0];
    return entry.count;
  }

  isSmall(entry: Entry): boolean {
    return this.count(entry) <= small;
  }

  has(entry: Entry, member: Buffer): boolean {
    return entry.kind !== kinds.none && this.#exists.first(entry.key, member) !== undefined;
  }

  added(entry: Entry, count: number): void {
    if (entry.count >= 0) entry.count += count;
    this.#keys.touch(entry);
  }

  /** How many there were; without any left the key is no more. */
  delete(entry: Entry, members: readonly Buffer[]): number {
    let deleted = 0;
    for (const member of members) deleted += Number(this.#delete.run(entry.key, member).changes);
    if (deleted === 0) return 0;
    if (entry.count >= 0) entry.count -= deleted;
    if (entry.count === 0 || (entry.count < 0 && this.#any.first(entry.key) === undefined)) this.#keys.delete(entry);
    else this.#keys.touch(entry);
    return deleted;
  }
}
