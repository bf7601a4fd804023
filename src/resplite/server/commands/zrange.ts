import { CommandError } from "../../data/errors.ts";
import type { LexRange, ScoreRange } from "../../data/types/zset-ranges.ts";
import type { Scored } from "../../data/types/zset-ranges.ts";
import { keyword, position, syntaxError } from "../arguments.ts";
import type { Client } from "../service.ts";
import { parseDouble } from "../protocol/parse-float.ts";

interface RangeOptions {
  readonly by: "rank" | "score" | "lex";
  readonly reverse: boolean;
  readonly withScores: boolean;
  /** Undefined: not given. */
  readonly limit?: { readonly offset: number; readonly count: number };
}

/** ZRANGE key min max [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES] */
export function zrange(args: readonly Buffer[], client: Client): void {
  range(args, client, rangeOptions(args, { by: "rank", reverse: false, withScores: false }, true));
}

/** ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count] */
export function zrangebyscore(args: readonly Buffer[], client: Client): void {
  range(args, client, rangeOptions(args, { by: "score", reverse: false, withScores: false }, false));
}

function rangeOptions(args: readonly Buffer[], given: RangeOptions, mayChoose: boolean): RangeOptions {
  let options = given;
  for (let at = 4; at < args.length; at += 1) {
    const word = keyword(args[at]!);
    if (word === "WITHSCORES") options = { ...options, withScores: true };
    else if (word === "LIMIT" && at + 2 < args.length) {
      options = { ...options, limit: { offset: position(args[at + 1]!), count: position(args[at + 2]!) } };
      at += 2;
    } else if (mayChoose && word === "REV" && !options.reverse) options = { ...options, reverse: true };
    else if (mayChoose && word === "BYSCORE" && options.by === "rank") options = { ...options, by: "score" };
    else if (mayChoose && word === "BYLEX" && options.by === "rank") options = { ...options, by: "lex" };
    else throw syntaxError();
  }
  if (options.limit !== undefined && options.by === "rank") {
    throw new CommandError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (options.withScores && options.by === "lex") {
    throw new CommandError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  return options;
}

function range(args: readonly Buffer[], client: Client, options: RangeOptions): void {
  const found = read(args, client, options);
  const { reply } = client;
  if (!options.withScores) return reply.bulks(found.map(([member]) => member));
  reply.array(reply.version === 2 ? found.length * 2 : found.length);
  for (const [member, score] of found) {
    if (reply.version === 3) reply.array(2);
    reply.bulk(member);
    reply.double(score);
  }
}

function read(args: readonly Buffer[], { data }: Client, { by, reverse, limit }: RangeOptions): Scored[] {
  const [, key, from, to] = args as [Buffer, Buffer, Buffer, Buffer];
  if (by === "rank") return data.zsets.byRank(key, position(from), position(to), reverse);
  const { offset, count } = limit ?? { offset: 0, count: -1 };
  const [min, max] = reverse ? [to, from] : [from, to];
  const nothing = offset < 0; // as Redis
  if (by === "score") {
    const scores = scoreRange(min, max);
    return data.zsets.byScore(key, scores, reverse, offset, nothing ? 0 : count);
  }
  const members = lexRange(min, max);
  return members === undefined
    ? data.zsets.byRank(key, 1, 0, false)
    : data.zsets.byLex(key, members, reverse, offset, nothing ? 0 : count);
}

function scoreRange(min: Buffer, max: Buffer): ScoreRange {
  const [from, minExcluded] = scoreBound(min);
  const [to, maxExcluded] = scoreBound(max);
  if (Number.isNaN(from) || Number.isNaN(to)) throw new CommandError("ERR min or max is not a float");
  return { min: from, max: to, minExcluded, maxExcluded };
}

/** As Redis, which takes nothing for 0 and lets space go before a number. */
function scoreBound(bytes: Buffer): [value: number, excluded: boolean] {
  const text = bytes.toString("latin1").replace(/\0.*$/s, "");
  const excluded = text.startsWith("(");
  const number = (excluded ? text.slice(1) : text).trimStart();
  return [number === "" ? 0 : parseDouble(number), excluded];
}

/** Undefined: nothing can be in it. */
function lexRange(min: Buffer, max: Buffer): LexRange | undefined {
  const from = lexBound(min);
  const to = lexBound(max);
  if (from === undefined || to === undefined) {
    throw new CommandError("ERR min or max not valid string range item");
  }
  if (from === "+" || to === "-") return undefined;
  return {
    min: from === "-" ? undefined : from.member,
    max: to === "+" ? undefined : to.member,
    minExcluded: from !== "-" && from.excluded,
    maxExcluded: to !== "+" && to.excluded,
  };
}

function lexBound(bytes: Buffer): "-" | "+" | { member: Buffer; excluded: boolean } | undefined {
  const sign = String.fromCharCode(bytes[0] ?? 0);
  if ((sign === "-" || sign === "+") && bytes.length === 1) return sign;
  if (sign !== "[" && sign !== "(") return undefined;
  return { member: bytes.subarray(1), excluded: sign === "(" };
}
