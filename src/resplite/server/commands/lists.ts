import { kinds } from "../../data/entry.ts";
import { CommandError } from "../../data/errors.ts";
import type { ListEnd } from "../../data/types/lists.ts";
import { position, positiveCount, wrongNumberOfArguments } from "../arguments.ts";
import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";
import { parseDouble } from "../protocol/parse-float.ts";

const read = { flags: ["readonly"], keys: [1, 1, 1] } as const;
const write = { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1] } as const;
const blocking = { flags: ["write", "noscript", "blocking"], keys: [1, -2, 1] } as const;

export const listCommands: CommandGroup = {
  lpush: { arity: -3, ...write, run: (args, client) => push(args, client, "left") },
  rpush: { arity: -3, ...write, run: (args, client) => push(args, client, "right") },
  lpop: { arity: -2, ...write, run: (args, client) => pop(args, client, "left") },
  rpop: { arity: -2, ...write, run: (args, client) => pop(args, client, "right") },
  llen: { arity: 2, ...read, run: ([, key], { data, reply }) => reply.integer(data.lists.length(key!)) },
  lrange: { arity: 4, ...read, run: lrange },
  lindex: { arity: 3, ...read, run: lindex },
  blpop: { arity: -3, ...blocking, run: (args, client) => blockingPop(args, client, "left") },
  brpop: { arity: -3, ...blocking, run: (args, client) => blockingPop(args, client, "right") },
};

function push([, key, ...values]: readonly Buffer[], { data, reply, service }: Client, end: ListEnd): void {
  reply.integer(data.lists.push(key!, end, values));
  service.blocked.pushed(key!);
}

function pop(args: readonly Buffer[], { data, reply }: Client, end: ListEnd): void {
  const [name, key, counted, more] = args as [Buffer, Buffer, Buffer?, Buffer?];
  if (more !== undefined) throw wrongNumberOfArguments(name.toString("latin1").toLowerCase());
  const count = counted && positiveCount(counted);
  const values = data.lists.pop(key, end, count ?? 1);
  if (count === undefined) reply.bulkOrNull(values?.[0]);
  else if (values === undefined) reply.nullArray();
  else reply.bulks(values);
}

function lrange([, key, from, to]: readonly Buffer[], { data, reply }: Client): void {
  reply.bulks(data.lists.range(key!, position(from!), position(to!)));
}

function lindex([, key, at]: readonly Buffer[], { data, reply }: Client): void {
  if (data.keys.findKind(key!, kinds.list).kind === kinds.none) return reply.null(); // whatever the index
  const index = position(at!);
  reply.bulkOrNull(data.lists.range(key!, index, index)[0]);
}

function blockingPop(args: readonly Buffer[], client: Client, end: ListEnd): void {
  const { data, reply } = client;
  const milliseconds = timeout(args.at(-1)!);
  const keys = args.slice(1, -1);
  for (const key of keys) {
    if (data.keys.findKind(key, kinds.list).kind === kinds.none) continue;
    reply.bulks([key, ...data.lists.pop(key, end, 1)!]);
    return;
  }
  client.block(keys, end, milliseconds);
}

/**
 * Given in seconds, with parts of them; rounded up, so that a short one is not for ever. One of more than 64 bits is
 * refused as Redis 7.0 does it.
 */
function timeout(bytes: Buffer): number {
  const text = bytes.toString("latin1");
  const seconds = /^\s/.test(text) ? Number.NaN : parseDouble(text);
  if (Number.isNaN(seconds)) throw new CommandError("ERR timeout is not a float or out of range");
  const milliseconds = Math.ceil(seconds * 1000);
  if (milliseconds < 0 || milliseconds >= 2 ** 63) throw new CommandError("ERR timeout is negative");
  return milliseconds;
}
