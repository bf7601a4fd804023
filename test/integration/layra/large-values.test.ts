import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../../dev/servers/start-redis.ts";
import { redisAdapter } from "../../../src/layra/backup/adapters/redis.ts";
import { connectStores } from "../../../src/layra/stores.ts";

test("L31: of a Redis with large values a part has as few keys as memory allows, and every key is in one", async () => {
  const redis = await startRedis();
  const stores = connectStores({
    mongodb: { uri: "mongodb://127.0.0.1:9", database: "none", maxPoolSize: 1, minPoolSize: 0 },
    milvus: { endpoint: "http://127.0.0.1:9", dimension: 8 },
    redis: { uri: redis.url },
    minio: { endpoint: "http://127.0.0.1:9", bucket: "none", region: "us-east-1", accessKey: "a", secretKey: "b" },
    mysql: undefined,
    timeoutMillis: 30_000,
  });
  onTestFinished(async () => {
    await stores.close();
    await redis.stop();
  });
  const client = await stores.redisBytes(0);
  const large = 100;
  for (let at = 0; at < large; at++) await client.send("SET", `large ${at}`, randomBytes(1_000_000));
  const adapter = redisAdapter(stores);
  const [section] = await adapter.sections();
  const never = new AbortController().signal;
  const sizes: number[] = [];
  let records = 0;
  for await (const batch of adapter.read(section!, undefined, never)) {
    const loaded = await batch.load(never);
    records += loaded.length;
    sizes.push(loaded.reduce((sum, { length }) => sum + length, 0));
  }
  expect(records).toBe(large);
  expect(Math.max(...sizes)).toBeLessThan(30_000_000);
});
