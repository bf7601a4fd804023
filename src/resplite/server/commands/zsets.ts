import { CommandError } from "../../data/errors.ts";
import type { ZaddOptions } from "../../data/types/zsets.ts";
import type { Scored } from "../../data/types/zset-ranges.ts";
import { keyword, syntaxError } from "../arguments.ts";
import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";
import { parseScore } from "../protocol/parse-float.ts";
import { zrange, zrangebyscore } from "./zrange.ts";

const read = { flags: ["readonly"], keys: [1, 1, 1] } as const;
const write = { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1] } as const;

export const zsetCommands: CommandGroup = {
  zadd: { arity: -4, ...write, run: zadd },
  zrem: {
    arity: -3,
    flags: ["write", "fast"],
    keys: [1, 1, 1],
    run: ([, key, ...members], { data, reply }) => reply.integer(data.zsets.delete(key!, members)),
  },
  zcard: { arity: 2, ...read, run: ([, key], { data, reply }) => reply.integer(data.zsets.count(key!)) },
  zscore: { arity: 3, ...read, run: zscore },
  zrange: { arity: -4, ...read, run: zrange },
  zrangebyscore: { arity: -4, ...read, run: zrangebyscore },
};

function zadd(args: readonly Buffer[], { data, reply }: Client): void {
  const { options, ch, incr, first } = zaddOptions(args);
  const count = args.length - first;
  if (count === 0 || count % 2 !== 0) throw syntaxError();
  checkOptions(options);
  if (incr && count > 2) throw new CommandError("ERR INCR option supports a single increment-element pair");
  const scored: Scored[] = [];
  for (let at = first; at < args.length; at += 2) scored.push([args[at + 1]!, score(args[at]!)]);
  if (!incr) {
    const { added, changed } = data.zsets.add(args[1]!, scored, options);
    return reply.integer(ch ? added + changed : added);
  }
  const [[member, by]] = scored as [Scored];
  const sum = data.zsets.incrBy(args[1]!, member, by, options);
  if (sum === undefined) reply.null();
  else reply.double(sum);
}

interface ZaddWords {
  readonly options: ZaddOptions & { readonly both?: boolean };
  readonly ch: boolean;
  readonly incr: boolean;
  /** Where the first score is. */
  readonly first: number;
}

function zaddOptions(args: readonly Buffer[]): ZaddWords {
  const words = new Set<string>();
  let first = 2;
  for (; first < args.length; first += 1) {
    const bytes = args[first]!;
    if (bytes.length < 2 || bytes.length > 4 || bytes[0]! < 0x41) break; // no word but a number
    const word = keyword(bytes);
    if (!["NX", "XX", "CH", "INCR", "GT", "LT"].includes(word)) break;
    words.add(word);
  }
  if (words.size === 0) return { options: {}, ch: false, incr: false, first };
  const both = words.has("GT") && words.has("LT");
  const onlyTo = words.has("GT") ? "greater" : words.has("LT") ? "less" : undefined;
  return {
    options: {
      onlyNew: words.has("NX"),
      onlyExisting: words.has("XX"),
      ...(onlyTo === undefined ? {} : { onlyTo }),
      both,
    },
    ch: words.has("CH"),
    incr: words.has("INCR"),
    first,
  };
}

function checkOptions({ onlyNew, onlyExisting, onlyTo, both }: ZaddWords["options"]): void {
  if (onlyNew && onlyExisting) throw new CommandError("ERR XX and NX options at the same time are not compatible");
  if (both || (onlyNew && onlyTo !== undefined)) {
    throw new CommandError("ERR GT, LT, and/or NX options at the same time are not compatible");
  }
}

function score(bytes: Buffer): number {
  const value = parseScore(bytes);
  if (Number.isNaN(value)) throw new CommandError("ERR value is not a valid float");
  return value;
}

function zscore([, key, member]: readonly Buffer[], { data, reply }: Client): void {
  const found = data.zsets.score(key!, member!);
  if (found === undefined) reply.null();
  else reply.double(found);
}
