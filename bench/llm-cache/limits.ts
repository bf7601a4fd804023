import { readFile } from "node:fs/promises";
import pg from "pg";
import { copyIn } from "../../src/stores/postgres/copy/copy-in.ts";
import type { RedisClient } from "../../src/stores/redis/client.ts";
import { benchCaches } from "./caches.ts";

// The limit of a migration: reading the same records alone, and writing them alone, each in the store's best way.

export async function readRedisAlone(client: RedisClient, namespace: string): Promise<number> {
  const started = performance.now();
  let cursor = "0";
  do {
    const page = await client.scan(cursor, { MATCH: `${namespace}:default:*`, COUNT: 1000 });
    if (page.keys.length > 0) await client.mGet(page.keys);
    cursor = page.cursor;
  } while (cursor !== "0");
  return seconds(started);
}

/** The whole file at once, as LightRAG reads it. */
export async function readJsonAlone(path: string): Promise<number> {
  const started = performance.now();
  JSON.parse(await readFile(path, "utf8"));
  return seconds(started);
}

/** By COPY, whose rows are ready before the clock starts; nothing is merged with what is there. */
export async function writePostgresAlone(
  pool: pg.Pool,
  workspace: string,
  count: number,
  bytes: number,
): Promise<number> {
  const rows = [...benchCaches(count, bytes)].map(({ key, record }) => [
    workspace,
    key,
    ...["original_prompt", "return", "chunk_id", "cache_type"].map((name) => record[name] as string),
  ]);
  const client = await pool.connect();
  try {
    const started = performance.now();
    await copyIn(
      client,
      "lightrag_llm_cache (workspace, id, original_prompt, return_value, chunk_id, cache_type)",
      rows,
    );
    return seconds(started);
  } finally {
    client.release();
  }
}

/** By MSET, several on the way; the values are ready before the clock starts. */
export async function writeRedisAlone(
  client: RedisClient,
  namespace: string,
  count: number,
  bytes: number,
): Promise<number> {
  const pairs = [...benchCaches(count, bytes)].map(({ key, record }): [string, string] => [
    `${namespace}:${key}`,
    JSON.stringify(record),
  ]);
  const started = performance.now();
  for (let at = 0; at < pairs.length; at += 800) {
    const sent = [0, 200, 400, 600]
      .map((part) => pairs.slice(at + part, at + part + 200))
      .filter(({ length }) => length > 0);
    await Promise.all(sent.map((part) => client.mSet(part)));
  }
  return seconds(started);
}

function seconds(started: number): number {
  return (performance.now() - started) / 1000;
}
