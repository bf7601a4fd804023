import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Entry, kinds } from "../entry.ts";
import { CommandError } from "../errors.ts";
import type { Keyspace } from "../keyspace.ts";
import { Members } from "./members.ts";
import { bufferOf, type Bytes, Query } from "../query.ts";
import { type LexRange, type Scored, type ScoreRange, ZsetRanges } from "./zset-ranges.ts";

export interface ZaddOptions {
  /** Only add, never change. */
  readonly onlyNew?: boolean;
  /** Only change, never add. */
  readonly onlyExisting?: boolean;
  /** Only change to a greater or to a lesser score; new members are added all the same. */
  readonly onlyTo?: "greater" | "less";
}

/**
 * Sorted sets, members of equal score in the order of their bytes. Methods throw CommandError WRONGTYPE when the key
 * holds another kind.
 */
export class Zsets {
  readonly #keys: Keyspace;
  readonly #members: Members;
  readonly #ranges: ZsetRanges;
  readonly #select: Query<[number]>;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #first: Query<[Bytes, number]>;
  readonly #after: Query<[Bytes, number]>;

  constructor(file: DatabaseSync, keys: Keyspace) {
    this.#keys = keys;
    this.#members = new Members(file, keys, "redis_zsets", "member");
    this.#ranges = new ZsetRanges(file);
    this.#select = new Query(file, "SELECT score FROM redis_zsets WHERE key = ? AND member = ?");
    this.#insert = file.prepare("INSERT INTO redis_zsets (key, member, score) VALUES (?, ?, ?)");
    this.#update = file.prepare("UPDATE redis_zsets SET score = ? WHERE key = ? AND member = ?");
    const all = "SELECT member, score FROM redis_zsets WHERE key = ?";
    this.#first = new Query(file, `${all} ORDER BY member LIMIT ?`);
    this.#after = new Query(file, `${all} AND member > ? ORDER BY member LIMIT ?`);
  }

  score(key: Buffer, member: Buffer): number | undefined {
    const entry = this.#keys.findKind(key, kinds.zset);
    return entry.kind === kinds.none ? undefined : this.#scoreOf(entry, member);
  }

  count(key: Buffer): number {
    return this.#members.count(this.#keys.findKind(key, kinds.zset));
  }

  /** How many were added, and how many had another score. */
  add(key: Buffer, scored: readonly Scored[], options: ZaddOptions = {}): { added: number; changed: number } {
    const entry = this.#keys.forWriteKind(key, kinds.zset);
    let added = 0;
    let changed = 0;
    for (const [member, score] of scored) {
      const done = this.#put(entry, member, score, options);
      if (done === "added") added += 1;
      if (done === "changed") changed += 1;
    }
    return { added, changed };
  }

  /**
   * The score afterwards; undefined when the options kept it from being written. @throws CommandError when it would be
   * no number
   */
  incrBy(key: Buffer, member: Buffer, by: number, options: ZaddOptions = {}): number | undefined {
    const entry = this.#keys.forWriteKind(key, kinds.zset);
    const score = (entry.kind === kinds.none ? 0 : (this.#scoreOf(entry, member) ?? 0)) + by;
    if (Number.isNaN(score)) throw new CommandError("ERR resulting score is not a number (NaN)");
    const done = this.#put(entry, member, score, options);
    return done === "refused" ? undefined : score;
  }

  /** How many there were. The last one takes the key with it. */
  delete(key: Buffer, members: readonly Buffer[]): number {
    const entry = this.#keys.forWriteKind(key, kinds.zset);
    return entry.kind === kinds.none ? 0 : this.#members.delete(entry, members);
  }

  /**
   * Both ends included, counted from 0, or from the other end when negative; `reverse` counts from the highest score.
   */
  byRank(key: Buffer, from: number, to: number, reverse: boolean): Scored[] {
    const count = this.count(key);
    const first = Math.max(from < 0 ? count + from : from, 0);
    const last = Math.min(to < 0 ? count + to : to, count - 1);
    if (first > last) return [];
    const size = last - first + 1;
    if (first <= count / 2) return this.#ranges.byRank(key, first, size, reverse);
    return this.#ranges.byRank(key, count - 1 - last, size, !reverse).toReversed(); // nearer to the other end
  }

  /** `limit` -1: all. */
  byScore(key: Buffer, range: ScoreRange, reverse: boolean, offset: number, limit: number): Scored[] {
    const { kind } = this.#keys.findKind(key, kinds.zset);
    return kind === kinds.none ? [] : this.#ranges.byScore(key, range, reverse, offset, limit);
  }

  /** Of members that all have the same score. `limit` -1: all. */
  byLex(key: Buffer, range: LexRange, reverse: boolean, offset: number, limit: number): Scored[] {
    const { kind } = this.#keys.findKind(key, kinds.zset);
    return kind === kinds.none ? [] : this.#ranges.byLex(key, range, reverse, offset, limit);
  }

  /** Up to so many members behind this one, by their bytes, with their scores. */
  part(key: Buffer, after: Buffer | undefined, limit: number): Scored[] {
    const found = after === undefined ? this.#first.all(key, limit) : this.#after.all(key, after, limit);
    return found.map(([member, score]) => [bufferOf(member), score]);
  }

  #scoreOf(entry: Entry, member: Buffer): number | undefined {
    return this.#select.first(entry.key, member)?.[0];
  }

  #put(entry: Entry, member: Buffer, score: number, options: ZaddOptions): "added" | "changed" | "same" | "refused" {
    const old = entry.kind === kinds.none || entry.count === 0 ? undefined : this.#scoreOf(entry, member);
    if (old === undefined) {
      if (options.onlyExisting) return "refused";
      if (entry.kind === kinds.none) this.#keys.create(entry, kinds.zset);
      this.#insert.run(entry.key, member, score);
      this.#members.added(entry, 1);
      return "added";
    }
    if (options.onlyNew) return "refused";
    if (options.onlyTo === "greater" && score <= old) return "refused";
    if (options.onlyTo === "less" && score >= old) return "refused";
    if (score === old) return "same";
    this.#update.run(score, entry.key, member);
    this.#keys.touch(entry);
    return "changed";
  }
}
