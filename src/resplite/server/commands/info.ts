import { keyword } from "../arguments.ts";
import type { Client } from "../service.ts";
import { memoryUsage } from "../memory-usage.ts";
import { serverVersion } from "./server-version.ts";

type Section = [name: string, lines: (client: Client) => Record<string, string | number>];

const sections: readonly Section[] = [
  ["Server", server],
  ["Clients", ({ service }) => ({ connected_clients: service.clients.size, blocked_clients: service.blocked.size })],
  ["Memory", memory],
  ["Persistence", () => ({ loading: 0, rdb_changes_since_last_save: 0, aof_enabled: 0 })],
  ["Stats", stats],
  ["Replication", () => ({ role: "master", connected_slaves: 0 })],
  ["Cluster", () => ({ cluster_enabled: 0 })],
  ["Keyspace", keyspace],
];

/** INFO [section ...] */
export function info(args: readonly Buffer[], client: Client): void {
  const wanted = new Set(args.slice(1).map(keyword));
  const all = wanted.size === 0 || ["ALL", "DEFAULT", "EVERYTHING"].some((word) => wanted.has(word));
  const parts = sections
    .filter(([name]) => all || wanted.has(name.toUpperCase()))
    .map(([name, lines]) => {
      const text = Object.entries(lines(client)).map(([key, value]) => `${key}:${value}\r\n`);
      return `# ${name}\r\n${text.join("")}`;
    });
  client.reply.verbatim(parts.join("\r\n"));
}

function server({ service, data }: Client): Record<string, string | number> {
  return {
    redis_version: serverVersion,
    redis_mode: "standalone",
    server_name: "resplite",
    arch_bits: 64,
    tcp_port: service.port,
    uptime_in_seconds: Math.trunc((data.keys.now - service.startedAt) / 1000),
  };
}

function memory(): Record<string, number> {
  const { rss, heapUsed, external } = memoryUsage();
  return { used_memory: heapUsed + external, used_memory_rss: rss, maxmemory: 0 };
}

function stats({ service, data }: Client): Record<string, number> {
  return {
    total_connections_received: service.connectionsReceived,
    total_commands_processed: service.commandsProcessed,
    expired_keys: service.expiredKeys,
    keyspace_hits: data.keys.cache.hits,
    keyspace_misses: data.keys.cache.misses,
  };
}

function keyspace({ data }: Client): Record<string, string> {
  const keys = data.keys.size();
  return keys === 0 ? {} : { db0: `keys=${keys},expires=${data.keys.expiring()},avg_ttl=0` };
}
