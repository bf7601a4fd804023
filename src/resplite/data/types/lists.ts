import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Entry, kinds } from "../entry.ts";
import type { Keyspace } from "../keyspace.ts";
import { bufferOf, type Bytes, Query } from "../query.ts";

export type ListEnd = "left" | "right";

/** Lists. Methods throw CommandError WRONGTYPE when the key holds another kind. */
export class Lists {
  readonly #keys: Keyspace;
  readonly #ends: Query<[number, number]>;
  readonly #insert: StatementSync;
  readonly #range: Query<[Bytes]>;
  readonly #take: Query<[Bytes]>;
  readonly #deleteRange: StatementSync;

  constructor(file: DatabaseSync, keys: Keyspace) {
    this.#keys = keys;
    this.#ends = new Query(file, "SELECT head_seq, tail_seq FROM redis_list_meta WHERE key = ?");
    this.#insert = file.prepare("INSERT INTO redis_list_items (key, seq, value) VALUES (?, ?, ?)");
    this.#range = new Query(
      file,
      "SELECT value FROM redis_list_items WHERE key = ? AND seq BETWEEN ? AND ? ORDER BY seq",
    );
    this.#take = new Query(file, "DELETE FROM redis_list_items WHERE key = ? AND seq = ? RETURNING value");
    this.#deleteRange = file.prepare("DELETE FROM redis_list_items WHERE key = ? AND seq BETWEEN ? AND ?");
  }

  /** A list that was created and has no item yet. */
  begin(entry: Entry): void {
    entry.head = 0;
    entry.tail = -1;
    this.#keys.moved(entry);
  }

  /** One after the other, so that the last one is outermost; the length afterwards. */
  push(key: Buffer, end: ListEnd, values: readonly Buffer[]): number {
    const entry = this.#keys.forWriteKind(key, kinds.list);
    if (entry.kind === kinds.none) {
      this.#keys.create(entry, kinds.list);
      this.begin(entry);
    } else this.#readEnds(entry);
    for (const value of values) {
      const seq = end === "left" ? (entry.head -= 1) : (entry.tail += 1);
      this.#insert.run(entry.key, seq, value);
    }
    this.#keys.moved(entry);
    return entry.tail - entry.head + 1;
  }

  /** Up to so many, from the end inwards; the last one takes the key with it. Undefined when there is no such key. */
  pop(key: Buffer, end: ListEnd, count: number): Buffer[] | undefined {
    if (this.#keys.findKind(key, kinds.list).kind === kinds.none) return undefined;
    const entry = this.#keys.forWrite(key);
    this.#readEnds(entry);
    const taken = Math.min(count, entry.tail - entry.head + 1);
    if (taken === 0) return [];
    const values = taken === 1 ? [this.#takeOne(entry, end)] : this.#takeMany(entry, end, taken);
    if (entry.tail < entry.head) this.#keys.delete(entry);
    else this.#keys.moved(entry);
    return values;
  }

  length(key: Buffer): number {
    const entry = this.#keys.findKind(key, kinds.list);
    if (entry.kind === kinds.none) return 0;
    this.#readEnds(entry);
    return entry.tail - entry.head + 1;
  }

  /** Both included, counted from 0, or from the right end when negative. */
  range(key: Buffer, from: number, to: number): Buffer[] {
    const length = this.length(key);
    const first = Math.max(from < 0 ? length + from : from, 0);
    const last = Math.min(to < 0 ? length + to : to, length - 1);
    if (first > last) return [];
    const { head } = this.#keys.find(key);
    return this.#range.all(key, head + first, head + last).map(([value]) => bufferOf(value));
  }

  #takeOne(entry: Entry, end: ListEnd): Buffer {
    const seq = end === "left" ? entry.head : entry.tail;
    if (end === "left") entry.head += 1;
    else entry.tail -= 1;
    return bufferOf(this.#take.first(entry.key, seq)![0]);
  }

  #takeMany(entry: Entry, end: ListEnd, count: number): Buffer[] {
    const first = end === "left" ? entry.head : entry.tail - count + 1;
    const last = first + count - 1;
    const values = this.#range.all(entry.key, first, last).map(([value]) => bufferOf(value));
    this.#deleteRange.run(entry.key, first, last);
    if (end === "left") entry.head += count;
    else entry.tail -= count;
    return end === "left" ? values : values.toReversed();
  }

  #readEnds(entry: Entry): void {
    if (!Number.isNaN(entry.head)) return;
    [entry.head, entry.tail] = this.#ends.first(entry.key)!;
  }
}
