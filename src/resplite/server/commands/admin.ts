import { sqlite } from "../../data/sqlite-facts.ts";
import { keyword, syntaxError } from "../arguments.ts";
import type { CommandGroup } from "../command.ts";
import type { Client } from "../service.ts";
import { matchesGlob } from "../glob.ts";
import { memoryUsage } from "../memory-usage.ts";
import { notSupported } from "../refusals.ts";
import { info } from "./info.ts";

const flags = ["loading", "stale"] as const;

export const adminCommands: CommandGroup = {
  info: { arity: -1, flags, run: info },
  dbsize: { arity: 1, flags: ["readonly", "fast"], run: (_, { data, reply }) => reply.integer(data.keys.size()) },
  flushdb: { arity: -1, flags: ["write"], run: flush },
  flushall: { arity: -1, flags: ["write"], run: flush },
  config: { arity: -2, flags: ["admin", ...flags], run: config },
  "sqlite.info": { arity: 1, flags, run: (_, client) => pairs(client, sqlite(client.data)) },
  "cache.info": { arity: 1, flags, run: (_, client) => pairs(client, cache(client)) },
  "memory.info": { arity: 1, flags, run: (_, client) => pairs(client, Object.entries(memoryUsage())) },
};

function flush(args: readonly Buffer[], { data, reply }: Client): void {
  const word = args[1] === undefined ? "SYNC" : keyword(args[1]);
  if (args.length > 2 || (word !== "SYNC" && word !== "ASYNC")) throw syntaxError();
  data.keys.deleteAll();
  reply.ok();
}

/** What benchmarks and clients ask for; there is nothing to be set. */
const settings: Record<string, string> = {
  save: "",
  appendonly: "no",
  maxmemory: "0",
  databases: "1",
  "proto-max-bulk-len": "536870912",
};

function config(args: readonly Buffer[], { reply }: Client): void {
  if (keyword(args[1]!) !== "GET" || args.length < 3) throw notSupported();
  const patterns = args.slice(2).map((pattern) => Buffer.from(pattern.toString("latin1").toLowerCase(), "latin1"));
  const found = Object.entries(settings).filter(([name]) =>
    patterns.some((pattern) => matchesGlob(pattern, Buffer.from(name))),
  );
  reply.map(found.length);
  for (const [name, value] of found) {
    reply.text(name);
    reply.text(value);
  }
}

function cache({ data }: Client): [string, string | number][] {
  const { size, bytes, hits, misses } = data.keys.cache;
  const asked = hits + misses;
  return [
    ["enabled", 1],
    ["entries", size],
    ["bytes", bytes],
    ["hits", hits],
    ["misses", misses],
    ["hit_ratio", (asked === 0 ? 0 : hits / asked).toFixed(4)],
  ];
}

/** Names and values in turn. */
function pairs({ reply }: Client, values: readonly (readonly [string, string | number])[]): void {
  reply.array(values.length * 2);
  for (const [name, value] of values) {
    reply.text(name);
    if (typeof value === "number") reply.integer(value);
    else reply.text(value);
  }
}
