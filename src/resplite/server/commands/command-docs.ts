import { keyword } from "../arguments.ts";
import type { Command, CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";
import { notSupported } from "../refusals.ts";

/** COMMAND [COUNT | LIST | INFO name ... | DOCS ...]; `all` are those that there are. */
export function commandDocs(all: ReadonlyMap<string, Command>): CommandGroup {
  return { command: { arity: -1, flags: ["loading", "stale"], run: (args, client) => command(args, client, all) } };
}

function command(args: readonly Buffer[], { reply }: Client, all: ReadonlyMap<string, Command>): void {
  const word = args[1] === undefined ? "" : keyword(args[1]);
  const named = args.slice(2).map((name) => all.get(name.toString("latin1").toLowerCase()));
  if (word === "COUNT") return reply.integer(all.size);
  if (word === "DOCS") return reply.map(0); // redis-cli asks for its help texts, and does without
  if (word === "LIST") return reply.bulks([...all.keys()].map((name) => Buffer.from(name)));
  if (word !== "" && word !== "INFO") throw notSupported();
  const wanted = word === "INFO" && named.length > 0 ? named : [...all.values()];
  reply.array(wanted.length);
  for (const one of wanted) {
    if (one === undefined) reply.nullArray();
    else describe(one, { reply });
  }
}

function describe({ name, arity, flags, keys }: Command, { reply }: Pick<Client, "reply">): void {
  reply.array(10);
  reply.text(name);
  reply.integer(arity);
  reply.set(flags.length);
  for (const flag of flags) reply.simple(flag);
  for (const position of keys ?? [0, 0, 0]) reply.integer(position);
  reply.set(0); // categories of access lists
  for (const _ of ["tips", "key specifications", "subcommands"]) reply.array(0);
}
