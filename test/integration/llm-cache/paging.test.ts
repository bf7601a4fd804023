import pg from "pg";
import { createClient } from "redis";
import { expect, test } from "vitest";
import { CacheKinds } from "../../../src/llm-cache/entries/cache-kinds.ts";
import type { KvStore } from "../../../src/llm-cache/kv-store.ts";
import type { PostgresSettings, RedisSettings } from "../../../src/llm-cache/store-settings.ts";
import { openStore } from "../../../src/llm-cache/stores/open-store.ts";
import { md5, record } from "../../support/llm-cache/hostile.ts";
import { type Caches, lightragStores } from "../../support/llm-cache/stores.ts";

const kinds = new CacheKinds();
const never = new AbortController().signal;

function caches(count: number): Caches {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`default:extract:${md5(`${at}`)}`, record("a")]));
}

/** The keys in the order in which they are read. */
async function keysOf(store: KvStore, afterFirstPage: () => Promise<void> = async () => {}): Promise<string[]> {
  const keys: string[] = [];
  let isFirst = true;
  for await (const page of store.read(kinds, undefined, never)) {
    keys.push(...page.entries.map(({ key }) => key));
    if (isFirst) await afterFirstPage();
    isFirst = false;
  }
  return keys;
}

test("Redis: a table that grows and shrinks while it is scanned gives each key once (K31)", async () => {
  const redis = await lightragStores.RedisKVStorage();
  const wanted = caches(6000);
  await redis.fill("scan", wanted);
  const settings = redis.settings("scan") as RedisSettings;
  const store = await openStore(settings);
  const client = await createClient({ url: settings.uri }).connect();
  const others = Array.from({ length: 60_000 }, (_, at) => `paging-test:${at}`);
  const keys = await keysOf(store, async () => {
    await client.mSet(others.map((key): [string, string] => [key, ""]));
    await client.del(others);
  });
  expect(keys).toHaveLength(6000);
  expect(keys.toSorted()).toEqual(Object.keys(wanted).toSorted());
  client.destroy();
  await store.close();
  await redis.close();
});

test("PostgreSQL: each row is read once and no page sorts the rest, also of a table that the planner knows nothing of (K31)", async () => {
  const postgres = await lightragStores.PGKVStorage();
  const { url } = postgres.settings("") as PostgresSettings;
  const admin = new pg.Pool({ connectionString: url, max: 1 });
  await admin.query("alter table lightrag_llm_cache set (autovacuum_enabled = off)");
  const rows = 60_000;
  await admin.query(
    `insert into lightrag_llm_cache (workspace, id, return_value)
     select 'pages', 'default:extract:' || md5(n::text), repeat('x', 1000) from generate_series(1, $1::int) as n`,
    [rows],
  );
  const store = await openStore(postgres.settings("pages"));
  const read = async (): Promise<number> => {
    const { rows: found } = await admin.query<{ read: string }>(
      "select idx_tup_read as read from pg_stat_user_indexes where relname = 'lightrag_llm_cache'",
    );
    return Number(found[0]!.read);
  };
  const before = await read();
  expect(await keysOf(store)).toHaveLength(rows);
  await store.close();
  // a session that ends tells what it did
  await expect.poll(read, { timeout: 10_000 }).toBeGreaterThanOrEqual(before + rows);
  expect((await read()) - before).toBeLessThan(1.1 * rows); // pages that sort the rest read it again each time
  await admin.end();
  await postgres.close();
}, 60_000);
