import type { BinaryClient, Reply } from "../../../stores/redis/binary-client.ts";
import { type Kind, kinds } from "../../data/entry.ts";
import type { StoredValue } from "../../data/stored-value.ts";
import { orRefusal } from "../copy/refused-key.ts";
import { scoreOf } from "./score.ts";

/** What Redis says of a key before its value is read. */
export interface KeyFacts {
  readonly key: Buffer;
  /** As TYPE says it; `none` when the key is not there. */
  readonly type: string;
  /** Undefined for a type that a data file cannot hold, and for `none`. */
  readonly kind: ValueKind | undefined;
  /** Milliseconds since 1970 by the clock of this machine; 0: never. */
  readonly expiresAt: number;
  /** Bytes that the key takes in Redis, which is somewhat more than what travels. */
  readonly bytes: number;
}

export type ValueKind = Exclude<Kind, 0>;

const kindOfType: Readonly<Record<string, ValueKind>> = {
  string: kinds.string,
  hash: kinds.hash,
  set: kinds.set,
  list: kinds.list,
  zset: kinds.zset,
};

/**
 * A value beyond this is read in parts, so that neither the source answers one request for long nor this process holds
 * all of it.
 */
export const partBytes = 1024 * 1024;

/** One pipeline for all keys. Of a key that this user may not read the server's refusal. */
export function readFacts(redis: BinaryClient, keys: readonly Buffer[]): Promise<(KeyFacts | Error)[]> {
  return Promise.all(keys.map((key) => orRefusal(factsOf(redis, key))));
}

async function factsOf(redis: BinaryClient, key: Buffer): Promise<KeyFacts> {
  const [printed, ttl, bytes] = await Promise.all([
    redis.send("TYPE", key),
    redis.send("PTTL", key),
    sizeOf(redis, key),
  ]);
  const remaining = ttl as number;
  const type = remaining === -2 ? "none" : String(printed);
  return { key, type, kind: kindOfType[type], expiresAt: remaining < 0 ? 0 : Date.now() + remaining, bytes };
}

/** MEMORY USAGE looks at a few members only. Where a role may not call it everything is read in parts. */
async function sizeOf(redis: BinaryClient, key: Buffer): Promise<number> {
  try {
    return ((await redis.send("MEMORY", "USAGE", key)) as number | null) ?? 0;
  } catch (error) {
    if (/^(NOPERM|ERR unknown command)/.test(error instanceof Error ? error.message : "")) return partBytes + 1;
    throw error;
  }
}

/** The whole value in one answer; undefined when the key is gone or of another type by now. */
export async function readWhole(redis: BinaryClient, { key, kind }: KeyFacts): Promise<StoredValue | undefined> {
  try {
    if (kind === kinds.string) {
      const value = (await redis.send("GET", key)) as Buffer | null;
      return value === null ? undefined : { kind, value };
    }
    const members = (await redis.send(...wholeCommand(kind!, key))) as Buffer[];
    return members.length === 0 ? undefined : valueOf(kind!, members);
  } catch (error) {
    if (isWrongType(error)) return undefined;
    throw error;
  }
}

type ContainerKind = Exclude<ValueKind, typeof kinds.string>;

function wholeCommand(kind: ContainerKind, key: Buffer): (string | Buffer)[] {
  if (kind === kinds.hash) return ["HGETALL", key];
  if (kind === kinds.set) return ["SMEMBERS", key];
  if (kind === kinds.list) return ["LRANGE", key, "0", "-1"];
  return ["ZRANGE", key, "0", "-1", "WITHSCORES"];
}

function valueOf(kind: ContainerKind, members: Buffer[]): StoredValue {
  if (kind === kinds.hash) return { kind, pairs: members };
  if (kind === kinds.set) return { kind, members };
  if (kind === kinds.list) return { kind, values: members };
  return { kind, scored: scoredOf(members) };
}

/**
 * The value in parts of about `partBytes`, none of which is the value at one instant: whoever needs that has to know
 * that nobody writes. Ends early when the key goes or becomes another type. A member may come twice, with the later of
 * its values last. A string comes as one part, read in windows.
 */
export async function* readParts(redis: BinaryClient, facts: KeyFacts): AsyncGenerator<StoredValue> {
  const { key, kind } = facts;
  try {
    if (kind === kinds.string) {
      const value = await readString(redis, key);
      if (value !== undefined) yield { kind, value };
    } else if (kind === kinds.list) {
      const step = membersOfPart(facts, (await redis.send("LLEN", key)) as number);
      for (let from = 0, last = step; last === step; from += step) {
        const values = (await redis.send("LRANGE", key, String(from), String(from + step - 1))) as Buffer[];
        if (values.length > 0) yield { kind, values };
        last = values.length;
      }
    } else if (kind !== undefined) {
      const [scan, count] = scanCommands[kind];
      for await (const members of scanMembers(redis, facts, scan, count)) yield valueOf(kind, members);
    }
  } catch (error) {
    if (!isWrongType(error)) throw error;
  }
}

const windowBytes = 4 * 1024 * 1024;

async function readString(redis: BinaryClient, key: Buffer): Promise<Buffer | undefined> {
  const length = (await redis.send("STRLEN", key)) as number;
  const value = Buffer.allocUnsafe(length);
  let at = 0;
  while (at < length) {
    const end = Math.min(at + windowBytes, length) - 1;
    const window = (await redis.send("GETRANGE", key, String(at), String(end))) as Buffer;
    if (window.length === 0) break; // shorter by now
    at += window.copy(value, at);
  }
  return at === 0 ? undefined : value.subarray(0, at);
}

const scanCommands = {
  [kinds.hash]: ["HSCAN", "HLEN"],
  [kinds.set]: ["SSCAN", "SCARD"],
  [kinds.zset]: ["ZSCAN", "ZCARD"],
} as const;

async function* scanMembers(
  redis: BinaryClient,
  facts: KeyFacts,
  scan: string,
  count: string,
): AsyncGenerator<Buffer[]> {
  const step = String(membersOfPart(facts, (await redis.send(count, facts.key)) as number));
  let cursor = "0";
  do {
    const [next, members] = (await redis.send(scan, facts.key, cursor, "COUNT", step)) as [Reply, Buffer[]];
    if (members.length > 0) yield members;
    cursor = String(next);
  } while (cursor !== "0");
}

/** More would keep the source busy for milliseconds whatever their size. */
const mostMembers = 5000;

function membersOfPart({ bytes }: KeyFacts, members: number): number {
  return Math.min(mostMembers, Math.max(1, Math.floor((partBytes * members) / Math.max(bytes, 1))));
}

function scoredOf(flat: readonly Buffer[]): [Buffer, number][] {
  const scored: [Buffer, number][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) scored.push([flat[at]!, scoreOf(flat[at + 1]!)]);
  return scored;
}

function isWrongType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("WRONGTYPE");
}

/** Bytes of a value as it was read. */
export function bytesOf(value: StoredValue): number {
  if (value.kind === kinds.string) return value.value.length;
  if (value.kind === kinds.hash) return bytesOfAll(value.pairs);
  if (value.kind === kinds.set) return bytesOfAll(value.members);
  if (value.kind === kinds.list) return bytesOfAll(value.values);
  return bytesOfAll(value.scored.map(([member]) => member)) + 8 * value.scored.length;
}

function bytesOfAll(parts: readonly Buffer[]): number {
  return parts.reduce((bytes, part) => bytes + part.length, 0);
}
