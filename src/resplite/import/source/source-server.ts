import { AppError, UsageError } from "../../../engine/errors.ts";
import { type BinaryClient, connectBinary, requireRedisUrl } from "../../../stores/redis/binary-client.ts";

export interface ServerFacts {
  readonly version: string;
  /** Another one after each start: cursors of SCAN belong to it. */
  readonly processId: string;
  readonly role: string;
  readonly database: number;
  /** Keys of the database, those that have expired and were not removed yet included. */
  readonly keys: number;
  /** Hashes of the database with fields that expire by themselves. 0 where the server knows no such fields. */
  readonly hashesWithFieldTtls: number;
  /** Flags of notify-keyspace-events; undefined where CONFIG may not be read. */
  readonly notifications: string | undefined;
}

/** Connects to a server that can be imported. @throws AppError, UsageError for one that cannot */
export async function connectSource(uri: string): Promise<BinaryClient> {
  requireRedisUrl(uri);
  const redis = await connectBinary({ uri });
  try {
    const info = await infoOf(redis, "server");
    if (info["redis_mode"] !== undefined && info["redis_mode"] !== "standalone") {
      throw new UsageError(
        "source_not_standalone",
        `The source runs as ${info["redis_mode"]}, of which one server has only a part of the keys, or none.`,
        {
          hint: "Name a single Redis: behind Sentinel the present master or one of its replicas. Nothing was changed.",
        },
      );
    }
    return redis;
  } catch (error) {
    redis.close();
    throw error;
  }
}

export async function serverFacts(redis: BinaryClient, uri: string): Promise<ServerFacts> {
  const database = databaseOf(uri);
  const [server, replication, keyspace, keys, notifications] = await Promise.all([
    infoOf(redis, "server"),
    infoOf(redis, "replication"),
    redis.send("INFO", "keyspace").then(String),
    redis.send("DBSIZE"),
    redis.send("CONFIG", "GET", "notify-keyspace-events").catch(() => undefined), // renamed or forbidden
  ]);
  return {
    version: server["redis_version"] ?? "unknown",
    processId: server["run_id"] ?? "unknown",
    role: replication["role"] ?? "unknown",
    database,
    keys: keys as number,
    hashesWithFieldTtls: fieldTtlsIn(keyspace, database),
    notifications: Array.isArray(notifications) ? String(notifications[1] ?? "") : undefined,
  };
}

/** `subexpiry` of Redis 7.4 and later, `keys_with_volatile_items` of Valkey 9. */
export function fieldTtlsIn(keyspace: string, database: number): number {
  const line = keyspace.split(/\r?\n/).find((one) => one.startsWith(`db${database}:`)) ?? "";
  return Number(/\b(?:subexpiry|keys_with_volatile_items)=(\d+)/.exec(line)?.[1] ?? 0);
}

/** The database that a URL names, 0 when it names none. */
export function databaseOf(uri: string): number {
  const [, name = ""] = new URL(uri).pathname.split("/");
  if (name === "") return 0;
  if (/^\d{1,5}$/.test(name)) return Number(name);
  throw new UsageError("invalid_redis_url", `${name} is no number of a Redis database.`, {
    hint: "The path of the URL is the number: redis://host:6379/0.",
  });
}

async function infoOf(redis: BinaryClient, section: string): Promise<Record<string, string>> {
  const text = String(await redis.send("INFO", section));
  if (!text.includes(":"))
    throw new AppError("no_redis", "The server at this address does not answer as Redis does.", {
      hint: "Look at host and port of the source, and whether it wants TLS (rediss://). Nothing was written.",
    });
  return Object.fromEntries(
    text
      .split(/\r?\n/)
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );
}

export type Channels = "keyevent" | "keyspace";

/** What notify-keyspace-events lacks for these channels to name every change; empty when nothing. */
export function missingFlags(flags: string, channels: Channels): string[] {
  const all = flags.includes("A");
  const channel = channels === "keyevent" ? "E" : "K";
  const kinds = ["g", "$", "l", "s", "h", "z", "x", "e"];
  return [...(flags.includes(channel) ? [] : [channel]), ...(all ? [] : kinds.filter((kind) => !flags.includes(kind)))];
}
