import { readFile } from "node:fs/promises";
import type pg from "pg";
import { appendRow, copyTarget, type TableRow, tableRow } from "../../src/llm-cache/stores/postgres-rows.ts";
import { BinaryRows, copyBinary } from "../../src/stores/postgres/copy/binary-rows.ts";
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

/**
 * By binary COPY on as many connections as the program uses, whose rows are ready before the clock starts; nothing is
 * compared with what is there.
 */
export async function writePostgresAlone(
  pool: pg.Pool,
  workspace: string,
  count: number,
  bytes: number,
): Promise<number> {
  const batches: Buffer[][] = [];
  let rows = new BinaryRows();
  let chunks: Buffer[] = [];
  let inBatch = 0;
  const endBatch = (): void => {
    batches.push([...chunks, rows.end()]);
    [rows, chunks, inBatch] = [new BinaryRows(), [], 0];
  };
  for (const { key, record } of benchCaches(count, bytes)) {
    const row = tableRow({ key, text: JSON.stringify(record) }, false) as TableRow;
    appendRow(rows, workspace, row, 0n);
    if (rows.isFull) chunks.push(rows.take());
    if (++inBatch === 1000) endBatch();
  }
  if (inBatch > 0) endBatch();
  const clients = await Promise.all([1, 2, 3, 4].map(() => pool.connect()));
  const started = performance.now();
  const left = batches.values();
  await Promise.all(
    clients.map(async (client) => {
      for (const batch of left) await copyBinary(client, copyTarget, batch);
    }),
  );
  const taken = seconds(started);
  for (const client of clients) client.release();
  return taken;
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
