import type { RedisArgument } from "redis";
import { backOff } from "../../engine/back-off.ts";
import { AppError, UsageError } from "../../engine/errors.ts";
import { connectWithin, loadRedis } from "./client.ts";

/**
 * An answer of RESP 2 with its bytes as they came: bulk strings are Buffers, simple strings strings, integers numbers.
 */
export type Reply = Buffer | string | number | null | Reply[];

/** One connection that speaks bytes: neither keys nor values ever become text. It connects again by itself. */
export interface BinaryClient {
  /**
   * Commands that are sent in the same turn travel as one pipeline. Rejects with the server's error, or at once while
   * not connected.
   */
  send(...args: readonly RedisArgument[]): Promise<Reply>;
  /** Hears channels that match the pattern until the client is closed; told again after each reconnection. */
  listen(pattern: string, heard: (message: Buffer, channel: Buffer) => void): Promise<void>;
  /** Calls `lost` whenever the connection breaks, `back` whenever there is a new one. */
  onConnection(events: { readonly lost: () => void; readonly back: () => void }): void;
  close(): void;
}

export interface BinaryClientOptions {
  /** `redis://` or `rediss://`, with user, password and database where they are needed. */
  readonly uri: string;
  readonly connectTimeoutMillis?: number;
}

const pauses = { first: 50, longest: 2000 };

/**
 * Connects, or fails at once. Loads the driver when it is first called. @throws AppError redis_unreachable,
 * client_missing
 */
export async function connectBinary({
  uri,
  connectTimeoutMillis = 10_000,
}: BinaryClientOptions): Promise<BinaryClient> {
  const { createClient, RESP_TYPES } = await loadRedis();
  let connected = false;
  const plain = createClient({
    url: uri,
    RESP: 2, // in RESP 3 maps have their keys as text
    disableOfflineQueue: true,
    commandOptions: { timeout: 0 }, // by default what has waited 5 s for its turn fails, which a long pipeline may
    socket: {
      connectTimeout: connectTimeoutMillis,
      reconnectStrategy: (retries, cause) => (connected ? backOff(retries + 1, pauses) : cause),
    },
  });
  const client = plain.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  plain.on("error", () => {}); // the next command fails with an error of its own
  try {
    await connectWithin(plain, connectTimeoutMillis);
  } catch (cause) {
    throw new AppError("redis_unreachable", `Redis does not answer: ${reason(cause)}`, {
      cause,
      hint: "Check the address, the password and the user in the URL. Nothing was changed.",
    });
  }
  connected = true;
  return {
    send: (...args) => client.sendCommand<Reply>(args),
    listen: (pattern, heard) => plain.pSubscribe(pattern, heard, true),
    onConnection: ({ lost, back }) => {
      plain.on("reconnecting", lost);
      plain.on("ready", back);
    },
    close: () => {
      if (plain.isOpen) plain.destroy();
    },
  };
}

/** Text of an error of the driver, which may be several in one. */
export function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

const schemes = ["redis:", "rediss:"];

/** @throws UsageError for an address that is none of a single Redis server; never repeats its password */
export function requireRedisUrl(uri: string): URL {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url !== undefined && schemes.includes(url.protocol) && !url.host.includes(",")) return url;
  throw new UsageError("invalid_redis_url", "The address of Redis is not one of a single server.", {
    hint: "It looks like redis://user:password@host:6379/0, or rediss:// with TLS. For Sentinel or a cluster name one server: of Sentinel the present master or a replica. A cluster cannot be imported.",
  });
}

/** The same address without password, for records and messages. */
export function withoutPassword(uri: string): string {
  const url = new URL(uri);
  url.password = "";
  return url.href;
}
