import { type Entry, kinds } from "../../data/entry.ts";
import { CommandError, wrongType } from "../../data/errors.ts";
import { type Int64, negateInt64 } from "../../data/integers.ts";
import { integer, keyword, syntaxError, wrongNumberOfArguments } from "../arguments.ts";
import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";
import { type ExpiryUnit, expiryTime, expiryUnits, invalidExpiry } from "../expiry.ts";

const readOne = { flags: ["readonly", "fast"], keys: [1, 1, 1] } as const;
const writeOne = { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1] } as const;

export const stringCommands: CommandGroup = {
  get: { arity: 2, ...readOne, run: ([, key], { data, reply }) => reply.bulkOrNull(data.strings.get(key!)) },
  set: { arity: -3, ...writeOne, run: set },
  mget: { arity: -2, flags: ["readonly", "fast"], keys: [1, -1, 1], run: mget },
  mset: { arity: -3, flags: ["write", "denyoom"], keys: [1, -1, 2], run: mset },
  incr: { arity: 2, ...writeOne, run: ([, key], client) => increment(client, key!, 1) },
  decr: { arity: 2, ...writeOne, run: ([, key], client) => increment(client, key!, -1) },
  incrby: { arity: 3, ...writeOne, run: ([, key, by], client) => increment(client, key!, integer(by!)) },
  decrby: { arity: 3, ...writeOne, run: ([, key, by], client) => increment(client, key!, negated(integer(by!))) },
};

interface SetOptions {
  readonly unit?: ExpiryUnit;
  readonly amount?: Buffer;
  readonly keepTtl?: boolean;
  readonly only?: "NX" | "XX";
  readonly get?: boolean;
}

function set(args: readonly Buffer[], client: Client): void {
  const { data, reply } = client;
  const [, key, value] = args as [Buffer, Buffer, Buffer];
  if (args.length === 3) {
    data.strings.set(key, value, 0);
    return reply.ok();
  }
  const options = setOptions(args);
  const expiresAt = options.unit === undefined ? 0 : setExpiry(options.amount!, options.unit, data.keys.now);
  const entry = data.keys.forWrite(key);
  const there = entry.kind !== kinds.none;
  if (options.get && there && entry.kind !== kinds.string) throw wrongType();
  const old = options.get && there ? data.strings.valueOf(entry) : undefined;
  const refused = (options.only === "NX" && there) || (options.only === "XX" && !there);
  if (!refused) data.strings.put(entry, value, options.keepTtl ? keptExpiry(entry) : expiresAt);
  if (options.get) reply.bulkOrNull(old);
  else if (refused) reply.null();
  else reply.ok();
}

function keptExpiry({ expiresAt }: Entry): number {
  return expiresAt;
}

function setOptions(args: readonly Buffer[]): SetOptions {
  let found: SetOptions = {};
  for (let at = 3; at < args.length; at += 1) {
    const word = keyword(args[at]!);
    if ((word === "NX" || word === "XX") && (found.only ?? word) === word) found = { ...found, only: word };
    else if (word === "GET") found = { ...found, get: true };
    else if (word === "KEEPTTL" && found.unit === undefined) found = { ...found, keepTtl: true };
    else if (isUnit(word) && mayBe(found, expiryUnits[word]) && at + 1 < args.length) {
      found = { ...found, unit: expiryUnits[word], amount: args[(at += 1)]! };
    } else throw syntaxError();
  }
  return found;
}

/** The same unit may be named again, and the last amount counts, as in Redis. */
function mayBe({ unit, keepTtl }: SetOptions, wanted: ExpiryUnit): boolean {
  return !keepTtl && (unit ?? wanted) === wanted;
}

function isUnit(word: string): word is keyof typeof expiryUnits {
  return Object.hasOwn(expiryUnits, word);
}

function setExpiry(amount: Buffer, unit: ExpiryUnit, now: number): number {
  const value = integer(amount);
  if (value <= 0) throw invalidExpiry("set");
  return expiryTime(value, unit, now, "set");
}

function mget(args: readonly Buffer[], { data, reply }: Client): void {
  reply.array(args.length - 1);
  for (let at = 1; at < args.length; at += 1) {
    const entry = data.keys.find(args[at]!);
    if (entry.kind === kinds.string) reply.bulk(data.strings.valueOf(entry));
    else reply.null();
  }
}

function mset(args: readonly Buffer[], { data, reply }: Client): void {
  if (args.length % 2 === 0) throw wrongNumberOfArguments("mset");
  for (let at = 1; at < args.length; at += 2) data.strings.set(args[at]!, args[at + 1]!, 0);
  reply.ok();
}

function increment({ data, reply }: Client, key: Buffer, by: Int64): void {
  reply.integer(data.strings.incrBy(key, by));
}

function negated(value: Int64): Int64 {
  const opposite = negateInt64(value);
  if (opposite === undefined) throw new CommandError("ERR decrement would overflow");
  return opposite;
}
