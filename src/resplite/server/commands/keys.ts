import { type Entry, kindNames, kinds } from "../../data/entry.ts";
import { CommandError } from "../../data/errors.ts";
import { integer, keyword } from "../arguments.ts";
import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";
import { expiryTime, expiryUnits } from "../expiry.ts";
import { scan } from "./scan.ts";

const readOne = { flags: ["readonly", "fast"], keys: [1, 1, 1] } as const;
const writeOne = { flags: ["write", "fast"], keys: [1, 1, 1] } as const;

export const keyCommands: CommandGroup = {
  del: { arity: -2, flags: ["write"], keys: [1, -1, 1], run: del },
  unlink: { arity: -2, flags: ["write", "fast"], keys: [1, -1, 1], run: del },
  exists: { arity: -2, flags: ["readonly", "fast"], keys: [1, -1, 1], run: exists },
  expire: { arity: -3, ...writeOne, run: (args, client) => expire(args, client, "expire") },
  pexpire: { arity: -3, ...writeOne, run: (args, client) => expire(args, client, "pexpire") },
  ttl: { arity: 2, ...readOne, run: ([, key], client) => timeToLive(client, key!, 1000) },
  pttl: { arity: 2, ...readOne, run: ([, key], client) => timeToLive(client, key!, 1) },
  persist: { arity: 2, ...writeOne, run: persist },
  type: { arity: 2, ...readOne, run: ([, key], { data, reply }) => reply.simple(kindNames[data.keys.find(key!).kind]) },
  scan: { arity: -2, flags: ["readonly"], run: scan },
};

function del(args: readonly Buffer[], { data, reply }: Client): void {
  let deleted = 0;
  for (let at = 1; at < args.length; at += 1) {
    if (data.keys.find(args[at]!).kind === kinds.none) continue;
    data.keys.delete(data.keys.forWrite(args[at]!));
    deleted += 1;
  }
  reply.integer(deleted);
}

function exists(args: readonly Buffer[], { data, reply }: Client): void {
  let found = 0;
  for (let at = 1; at < args.length; at += 1) if (data.keys.find(args[at]!).kind !== kinds.none) found += 1;
  reply.integer(found);
}

function expire(args: readonly Buffer[], { data, reply }: Client, command: "expire" | "pexpire"): void {
  const [, key, amount, ...options] = args as [Buffer, Buffer, Buffer, ...Buffer[]];
  const allowed = expiryConditions(options);
  const unit = command === "expire" ? expiryUnits.EX : expiryUnits.PX;
  const expiresAt = expiryTime(integer(amount), unit, data.keys.now, command);
  const entry = data.keys.forWrite(key);
  if (entry.kind === kinds.none || !allowed(entry, expiresAt)) return reply.integer(0);
  if (expiresAt <= data.keys.now) data.keys.delete(entry);
  else data.keys.expireAt(entry, expiresAt);
  reply.integer(1);
}

/** Of a key without time to live GT thinks as of one that lives for ever. */
function expiryConditions(options: readonly Buffer[]): (entry: Entry, expiresAt: number) => boolean {
  const words = new Set(
    options.map((option) => {
      const word = keyword(option);
      if (["NX", "XX", "GT", "LT"].includes(word)) return word;
      throw new CommandError(`ERR Unsupported option ${option.toString("latin1").replace(/\0.*$/s, "")}`);
    }),
  );
  const [nx, xx, gt, lt] = ["NX", "XX", "GT", "LT"].map((word) => words.has(word));
  if (nx && (xx || gt || lt)) {
    throw new CommandError("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if (gt && lt) throw new CommandError("ERR GT and LT options at the same time are not compatible");
  return ({ expiresAt: current }, expiresAt) => {
    if (nx && current !== 0) return false;
    if (xx && current === 0) return false;
    if (gt && (current === 0 || expiresAt <= current)) return false;
    return !(lt && current !== 0 && expiresAt >= current);
  };
}

function timeToLive({ data, reply }: Client, key: Buffer, unit: 1 | 1000): void {
  const entry = data.keys.find(key);
  if (entry.kind === kinds.none) return reply.integer(-2);
  if (entry.expiresAt === 0) return reply.integer(-1);
  const left = entry.expiresAt - data.keys.now;
  reply.integer(unit === 1 ? left : Math.trunc((left + 500) / 1000));
}

function persist([, key]: readonly Buffer[], { data, reply }: Client): void {
  if (data.keys.find(key!).expiresAt === 0) return reply.integer(0);
  data.keys.expireAt(data.keys.forWrite(key!), 0);
  reply.integer(1);
}
