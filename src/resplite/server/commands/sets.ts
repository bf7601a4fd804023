import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";

const read = { flags: ["readonly", "fast"], keys: [1, 1, 1] } as const;
const write = { flags: ["write", "denyoom", "fast"], keys: [1, 1, 1] } as const;

export const setCommands: CommandGroup = {
  sadd: {
    arity: -3,
    ...write,
    run: ([, key, ...members], { data, reply }) => reply.integer(data.sets.add(key!, members)),
  },
  srem: {
    arity: -3,
    flags: ["write", "fast"],
    keys: [1, 1, 1],
    run: ([, key, ...members], { data, reply }) => reply.integer(data.sets.delete(key!, members)),
  },
  smembers: { arity: 2, flags: ["readonly"], keys: [1, 1, 1], run: smembers },
  sismember: {
    arity: 3,
    ...read,
    run: ([, key, member], { data, reply }) => reply.integer(data.sets.has(key!, member!) ? 1 : 0),
  },
  scard: { arity: 2, ...read, run: ([, key], { data, reply }) => reply.integer(data.sets.count(key!)) },
};

function smembers([, key]: readonly Buffer[], { data, reply }: Client): void {
  const members = data.sets.all(key!);
  reply.set(members.length);
  for (const member of members) reply.bulk(member);
}
