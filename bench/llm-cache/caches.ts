import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { connectMongodb } from "../../src/stores/mongodb/client.ts";
import type { RedisClient } from "../../src/stores/redis/client.ts";

export interface BenchCache {
  readonly key: string;
  readonly record: Readonly<Record<string, unknown>>;
}

const words =
  'entity relation Ada Lovelace engine analysis 知识图谱 machine note<|>person<|> data ## weaves patterns "quoted" line\nbreak'.split(
    " ",
  );

/** Caches as LightRAG writes them: a prompt of about `bytes` with its answer, each one different. */
export function* benchCaches(count: number, bytes: number): Generator<BenchCache> {
  for (let at = 0; at < count; at++) {
    const type = at % 40 === 39 ? "summary" : "extract";
    const hash = createHash("md5").update(String(at)).digest("hex");
    const key = `default:${type}:${hash}`;
    const text = (length: number): string => {
      let made = `${at} ${hash}`;
      for (let word = at; made.length < length; word += 7) made += ` ${words[word % words.length]}${word % 97}`;
      return made;
    };
    const record = {
      return: text(bytes * 0.3),
      cache_type: type,
      chunk_id: `chunk-${hash}`,
      original_prompt: text(bytes * 0.6),
      queryparam: null,
      create_time: 1_700_000_000 + at,
      update_time: 1_700_000_000 + at,
      _id: key,
    };
    yield { key, record };
  }
}

export async function writeJsonFile(path: string, caches: Iterable<BenchCache>): Promise<void> {
  const file = createWriteStream(path);
  let mark = "{";
  for (const { key, record } of caches) {
    const value = JSON.stringify(record, undefined, 2).replaceAll("\n", "\n  ");
    if (!file.write(`${mark}\n  ${JSON.stringify(key)}: ${value}`)) await once(file, "drain");
    mark = ",";
  }
  file.end("\n}");
  await once(file, "finish");
}

export async function fillRedis(client: RedisClient, namespace: string, caches: Iterable<BenchCache>): Promise<void> {
  let pairs: [string, string][] = [];
  for (const { key, record } of caches) {
    pairs.push([`${namespace}:${key}`, JSON.stringify(record)]);
    if (pairs.length < 500) continue;
    await client.mSet(pairs);
    pairs = [];
  }
  if (pairs.length > 0) await client.mSet(pairs);
}

/** Into the database `bench`. */
export async function fillMongodb(uri: string, collection: string, caches: Iterable<BenchCache>): Promise<void> {
  const client = await connectMongodb({ uri });
  try {
    const documents = client.db("bench").collection<{ _id: string }>(collection);
    let batch: { _id: string }[] = [];
    for (const { key, record } of caches) {
      batch.push({ ...record, _id: key });
      if (batch.length < 1000) continue;
      await documents.insertMany(batch, { ordered: false });
      batch = [];
    }
    if (batch.length > 0) await documents.insertMany(batch, { ordered: false });
  } finally {
    await client.close();
  }
}
