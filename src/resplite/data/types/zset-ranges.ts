import type { DatabaseSync } from "node:sqlite";
import { bufferOf, type Bytes, Query } from "../query.ts";

export type Scored = [member: Buffer, score: number];

export interface ScoreRange {
  readonly min: number;
  readonly max: number;
  readonly minExcluded: boolean;
  readonly maxExcluded: boolean;
}

export interface LexRange {
  /** Undefined: no bound. */
  readonly min: Buffer | undefined;
  readonly max: Buffer | undefined;
  readonly minExcluded: boolean;
  readonly maxExcluded: boolean;
}

/** The ordered reads of redis_zsets; a statement is prepared when its form is asked for first. */
export class ZsetRanges {
  readonly #file: DatabaseSync;
  readonly #statements = new Map<string, Query<[Bytes, number]>>();

  constructor(file: DatabaseSync) {
    this.#file = file;
  }

  byRank(key: Buffer, offset: number, count: number, reverse: boolean): Scored[] {
    return this.#read("", byScore(reverse), [key, count, offset]);
  }

  /** `limit` -1: all. */
  byScore(key: Buffer, range: ScoreRange, reverse: boolean, offset: number, limit: number): Scored[] {
    const where = `AND score ${range.minExcluded ? ">" : ">="} ? AND score ${range.maxExcluded ? "<" : "<="} ?`;
    return this.#read(where, byScore(reverse), [key, range.min, range.max, limit, offset]);
  }

  /** `limit` -1: all. */
  byLex(key: Buffer, range: LexRange, reverse: boolean, offset: number, limit: number): Scored[] {
    const { min, max } = range;
    const from = min === undefined ? "" : `AND member ${range.minExcluded ? ">" : ">="} ?`;
    const to = max === undefined ? "" : `AND member ${range.maxExcluded ? "<" : "<="} ?`;
    const bounds = [min, max].filter((bound) => bound !== undefined);
    const order = reverse ? "member DESC" : "member";
    return this.#read(`${from} ${to}`, order, [key, ...bounds, limit, offset]);
  }

  #read(where: string, order: string, values: (Buffer | number)[]): Scored[] {
    const sql = `SELECT member, score FROM redis_zsets WHERE key = ? ${where} ORDER BY ${order} LIMIT ? OFFSET ?`;
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = new Query(this.#file, sql)));
    return statement.all(...values).map(([member, score]) => [bufferOf(member), score]);
  }
}

function byScore(reverse: boolean): string {
  return reverse ? "score DESC, member DESC" : "score, member";
}
