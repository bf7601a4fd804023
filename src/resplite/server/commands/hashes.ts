import { integer, wrongNumberOfArguments } from "../arguments.ts";
import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";

const read = { flags: ["readonly", "fast"], keys: [1, 1, 1] } as const;
const write = { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1] } as const;

export const hashCommands: CommandGroup = {
  hset: { arity: -4, ...write, run: hset },
  hget: {
    arity: 3,
    ...read,
    run: ([, key, field], { data, reply }) => reply.bulkOrNull(data.hashes.get(key!, field!)),
  },
  hmget: { arity: -3, ...read, run: hmget },
  hgetall: { arity: 2, flags: ["readonly"], keys: [1, 1, 1], run: hgetall },
  hdel: {
    arity: -3,
    ...write,
    run: ([, key, ...fields], { data, reply }) => reply.integer(data.hashes.delete(key!, fields)),
  },
  hexists: {
    arity: 3,
    ...read,
    run: ([, key, field], { data, reply }) => reply.integer(data.hashes.get(key!, field!) === undefined ? 0 : 1),
  },
  hincrby: {
    arity: 4,
    ...write,
    run: ([, key, field, by], { data, reply }) => reply.integer(data.hashes.incrBy(key!, field!, integer(by!))),
  },
};

function hset(args: readonly Buffer[], { data, reply }: Client): void {
  if (args.length % 2 === 1) throw wrongNumberOfArguments("hset");
  reply.integer(data.hashes.set(args[1]!, args.slice(2)));
}

function hmget(args: readonly Buffer[], { data, reply }: Client): void {
  const values = data.hashes.getMany(args[1]!, args.slice(2));
  reply.array(values.length);
  for (const value of values) reply.bulkOrNull(value);
}

function hgetall([, key]: readonly Buffer[], { data, reply }: Client): void {
  const pairs = data.hashes.getAll(key!);
  reply.map(pairs.length / 2);
  for (const bytes of pairs) reply.bulk(bytes);
}
