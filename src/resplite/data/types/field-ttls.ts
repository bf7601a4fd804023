import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Entry } from "../entry.ts";
import type { Keyspace } from "../keyspace.ts";
import type { Members } from "./members.ts";
import { bufferOf, type Bytes, Query } from "../query.ts";

/**
 * Fields of hashes that expire by themselves, in files that version 1.5 has written. We set none, and honour those that
 * are there.
 */
export class FieldTtls {
  readonly #keys: Keyspace;
  readonly #members: Members;
  readonly #due: Query<[Bytes]>;
  readonly #delete: StatementSync;

  constructor(file: DatabaseSync, keys: Keyspace, members: Members) {
    this.#keys = keys;
    this.#members = members;
    this.#due = new Query(file, "SELECT field FROM redis_hash_field_ttl WHERE key = ? AND expires_at <= ?");
    this.#delete = file.prepare("DELETE FROM redis_hash_field_ttl WHERE key = ? AND field = ?");
  }

  /** Afterwards no field of the hash is there that has expired; without any left, neither is the key. */
  expire(entry: Entry): void {
    const due = this.#due.all(entry.key, this.#keys.now).map(([field]) => bufferOf(field));
    if (due.length === 0) return;
    this.#keys.beginWrite();
    for (const field of due) this.forget(entry, field);
    this.#members.delete(entry, due);
  }

  /** The field, if it is there, stays until it is deleted. */
  forget(entry: Entry, field: Buffer): void {
    this.#delete.run(entry.key, field);
  }
}
