import type { BinaryClient } from "../../../stores/redis/binary-client.ts";
import type { Data } from "../../data/data.ts";
import { kindNames, kinds } from "../../data/entry.ts";
import type { StoredValue } from "../../data/stored-value.ts";
import { type KeyFacts, partBytes, readFacts, readParts } from "../source/fetch-values.ts";

export type Difference = "missing" | "extra" | "type" | "ttl" | "value" | "unreadable";

/** Redis tells what remains, so both clocks and the way of the answer are in it. */
const ttlToleranceMillis = 1000;

const membersAtOnce = 1000;

/**
 * Compares keys of Redis with the file, whole, in parts of about 1 MB. Undefined for a key that is the same in both, or
 * in neither. Of a key that is written meanwhile it may tell a difference that is none.
 */
export async function compareKeys(
  redis: BinaryClient,
  data: Data,
  keys: readonly Buffer[],
): Promise<(Difference | "unsupported" | undefined)[]> {
  const answers = await readFacts(redis, keys);
  data.begin();
  return Promise.all(answers.map((facts, at) => compareKey(redis, data, keys[at]!, facts)));
}

async function compareKey(
  redis: BinaryClient,
  data: Data,
  key: Buffer,
  facts: KeyFacts | Error,
): Promise<Difference | "unsupported" | undefined> {
  if (facts instanceof Error) return "unreadable";
  const entry = data.keys.find(key);
  const { kind, expiresAt } = entry;
  if (facts.type === "none") return kind === kinds.none ? undefined : "extra";
  if (facts.kind === undefined) return kind === kinds.none ? "unsupported" : "type";
  if (kind === kinds.none) return expiresSoon(facts.expiresAt) ? undefined : "missing";
  if (kindNames[kind] !== facts.type) return "type";
  if (!(await hasSameValue(redis, data, facts))) return "value";
  const isSameTtl =
    (facts.expiresAt === 0) === (expiresAt === 0) && Math.abs(facts.expiresAt - expiresAt) <= ttlToleranceMillis;
  return isSameTtl ? undefined : "ttl";
}

/** It may have gone from the one and not yet from the other. */
function expiresSoon(expiresAt: number): boolean {
  return expiresAt !== 0 && expiresAt - Date.now() <= ttlToleranceMillis;
}

const counters = {
  [kinds.hash]: ["HLEN", "hashes"],
  [kinds.set]: ["SCARD", "sets"],
  [kinds.zset]: ["ZCARD", "zsets"],
} as const;

async function hasSameValue(redis: BinaryClient, data: Data, facts: KeyFacts): Promise<boolean> {
  const { key, kind } = facts;
  if (kind === kinds.string) return hasSameString(redis, data, key);
  if (kind === kinds.list) return hasSameList(redis, data, facts);
  const [command, ours] = counters[kind!];
  if ((await redis.send(command, key)) !== data[ours].count(key)) return false;
  for await (const part of readParts(redis, facts)) if (!holdsPart(data, key, part)) return false;
  return true;
}

/** Whether the container in the file has all of these. */
function holdsPart(data: Data, key: Buffer, part: StoredValue): boolean {
  if (part.kind === kinds.set) return part.members.every((member) => data.sets.has(key, member));
  if (part.kind === kinds.zset) return part.scored.every(([member, score]) => data.zsets.score(key, member) === score);
  if (part.kind !== kinds.hash) return false;
  const values = data.hashes.getMany(
    key,
    part.pairs.filter((_, at) => at % 2 === 0),
  );
  return values.every((value, at) => value?.equals(part.pairs[2 * at + 1]!));
}

async function hasSameString(redis: BinaryClient, data: Data, key: Buffer): Promise<boolean> {
  for (let at = 0; ; at += partBytes) {
    const window = (await redis.send("GETRANGE", key, String(at), String(at + partBytes - 1))) as Buffer;
    if (!window.equals(data.strings.part(key, at, partBytes))) return false;
    if (window.length < partBytes) return true;
  }
}

async function hasSameList(redis: BinaryClient, data: Data, facts: KeyFacts): Promise<boolean> {
  const { key } = facts;
  const length = data.lists.length(key);
  if ((await redis.send("LLEN", key)) !== length) return false;
  const step = Math.max(1, Math.min(membersAtOnce, Math.floor((partBytes * length) / facts.bytes)));
  for (let from = 0; from < length; from += step) {
    const to = from + step - 1;
    const items = (await redis.send("LRANGE", key, String(from), String(to))) as Buffer[];
    const ours = data.lists.range(key, from, to);
    if (items.length !== ours.length || !items.every((item, at) => item.equals(ours[at]!))) return false;
  }
  return true;
}
