import type { createClient } from "redis";
import { backOff } from "../../engine/back-off.ts";
import { inTime } from "../../engine/in-time.ts";
import { AppError } from "../../engine/errors.ts";

// src/stores/redis owns the connection to Redis: how it is opened, loaded and lost. It knows nothing of what is kept
// there.

export type RedisClient = ReturnType<typeof createClient>;

export interface RedisOptions {
  /** `redis://` or `rediss://`, with user, password and database where they are needed. */
  readonly uri: string;
  /** After the first connection it connects again by itself; a command that finds none, or loses it, fails at once. */
  readonly connectTimeoutMillis?: number;
}

const pauses = { first: 100, longest: 2000 };

/**
 * A client that is connected. Loads the driver when it is first called.
 * @throws the driver's error when the server cannot be reached or refuses the login
 */
export async function connectRedis({ uri, connectTimeoutMillis = 10_000 }: RedisOptions): Promise<RedisClient> {
  const redis = await loadRedis();
  let wasConnected = false;
  const client = redis.createClient({
    url: uri,
    disableOfflineQueue: true,
    name: "log-archive",
    socket: {
      connectTimeout: connectTimeoutMillis,
      reconnectStrategy: (retries, cause) => (wasConnected ? backOff(retries + 1, pauses) : cause),
    },
  });
  client.on("error", () => {}); // the next command fails with an error of its own
  await connectWithin(client, connectTimeoutMillis);
  wasConnected = true;
  return client as RedisClient;
}

/**
 * The driver's own limit ends with the TCP connection: a server that takes it and never says a word would be waited for
 * without end.
 */
export async function connectWithin(
  client: Pick<RedisClient, "destroy"> & { connect(): Promise<unknown> },
  millis: number,
): Promise<void> {
  const late = new Error(`no answer within ${millis / 1000} s`);
  try {
    await inTime(client.connect(), millis, () => late);
  } catch (error) {
    if (error === late) client.destroy();
    throw error;
  }
}

/** @throws AppError client_missing */
export async function loadRedis(): Promise<typeof import("redis")> {
  try {
    return await import("redis");
  } catch (cause) {
    throw new AppError("client_missing", "The client of Redis is not installed", {
      cause,
      hint: "Run: npm install redis",
    });
  }
}

const lost = new Set([
  "ClientClosedError",
  "ClientOfflineError",
  "ConnectionTimeoutError",
  "DisconnectsClientError",
  "SocketClosedUnexpectedlyError",
  "SocketTimeoutError",
]);

/**
 * The answers of a server that may take the same command later:
 * https://redis.io/docs/latest/develop/reference/protocol-spec/, Simple errors.
 */
const passing = /^(LOADING|BUSY|TRYAGAIN|MASTERDOWN|CLUSTERDOWN|READONLY|OOM|MISCONF|NOREPLICAS)\b/;

/** An error of the driver that says the connection is not there, or not any more. */
export function isConnectionLost(error: Error): boolean {
  return lost.has(error.constructor.name);
}

const replies = new Set(["ErrorReply", "SimpleError", "BlobError", "MultiErrorReply"]);

/** The server's own answer to a command. */
export function isErrorReply(error: Error): boolean {
  return replies.has(error.constructor.name);
}

/**
 * Whether the connection failed, or the server refuses everything for the time being; undefined for what is no error of
 * Redis.
 */
export function redisFailure(error: unknown): "connection" | "passing" | "refused" | undefined {
  if (!(error instanceof Error)) return undefined;
  if (isConnectionLost(error)) return "connection";
  if (!isErrorReply(error)) return undefined;
  return passing.test(error.message) ? "passing" : "refused";
}
