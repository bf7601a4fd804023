import { createClient } from "redis";
import { afterEach, expect, test } from "vitest";
import { temporaryFile } from "../../support/resplite/data-file.ts";
import { serverHere } from "../../support/resplite/server-here.ts";

type Client = ReturnType<typeof connectedClient> extends Promise<infer Connected> ? Connected : never;

const clients: Client[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

async function connectedClient(port: number, RESP: 2 | 3 = 2) {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP, name: "a-test" });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function clientOf(port: number, RESP: 2 | 3 = 2): Promise<Client> {
  const client = await connectedClient(port, RESP);
  clients.push(client);
  return client;
}

for (const RESP of [2, 3] as const) {
  test(`R15: the examples of the specification answer as it says, RESP ${RESP}`, async () => {
    const { port } = await serverHere();
    const client = await clientOf(port, RESP);
    await client.set("session:abc", JSON.stringify({ user: "alice" }));
    await client.expire("session:abc", 3600);
    expect(await client.ttl("session:abc")).toSatisfy((ttl: number) => ttl > 3500 && ttl <= 3600);
    await client.set("visits", "0");
    await client.incr("visits");
    await client.incrBy("visits", 10);
    expect(await client.get("visits")).toBe("11");
    await client.mSet(["k1", "v1", "k2", "v2"]);
    expect(await client.mGet(["k1", "k2", "missing"])).toEqual(["v1", "v2", null]);
    expect(await client.exists("k1")).toBe(1);
    await client.del("k1");
    expect(await client.exists("k1")).toBe(0);

    await client.hSet("user:1", { name: "Martin", age: "42", city: "BCN" });
    expect(await client.hGet("user:1", "name")).toBe("Martin");
    expect(Object.entries(await client.hGetAll("user:1"))).toEqual([
      ["name", "Martin"],
      ["age", "42"],
      ["city", "BCN"],
    ]);
    await client.hIncrBy("user:1", "age", 1);
    expect(await client.hGet("user:1", "age")).toBe("43");
    expect(await client.hExists("user:1", "email")).toBe(0);

    await client.sAdd("tags", ["node", "sqlite", "redis"]);
    expect(await client.sMembers("tags")).toEqual(["node", "sqlite", "redis"]);
    expect(await client.sIsMember("tags", "node")).toBe(1);
    expect(await client.sCard("tags")).toBe(3);
    await client.sRem("tags", "redis");
    expect(await client.sCard("tags")).toBe(2);

    await client.lPush("queue", ["c", "b", "a"]);
    await client.rPush("queue", ["d", "e"]);
    expect(await client.lLen("queue")).toBe(5);
    expect(await client.lRange("queue", 0, -1)).toEqual(["a", "b", "c", "d", "e"]);
    expect(await client.lIndex("queue", 0)).toBe("a");
    expect(await client.lPop("queue")).toBe("a");
    expect(await client.rPop("queue")).toBe("e");

    await client.zAdd("board", [
      { value: "alice", score: 100 },
      { value: "bob", score: 200 },
      { value: "carol", score: 300 },
    ]);
    expect(await client.zRange("board", 0, -1)).toEqual(["alice", "bob", "carol"]);
    expect(await client.zRangeByScore("board", 100, 200)).toEqual(["alice", "bob"]);
    expect(await client.zScore("board", "bob")).toBe(200);
    expect(await client.zRangeWithScores("board", 0, 0)).toEqual([{ value: "alice", score: 100 }]);
  });
}

test("R14: blPop answers with key and element, or null when the time is up", async () => {
  const { port } = await serverHere();
  const [consumer, producer] = [await clientOf(port), await clientOf(port)];
  const answer = consumer.blPop(["tasks", "fallback"], 10);
  await producer.rPush("tasks", "item1");
  expect(await answer).toEqual({ key: "tasks", element: "item1" });
  expect(await consumer.blPop(["tasks", "fallback"], 0.01)).toBeNull();
});

test("R11: a scan by the client's iterator gives every key once", async () => {
  const { port } = await serverHere();
  const client = await clientOf(port);
  const names = Array.from({ length: 95 }, (_, at) => `key:${at}`);
  await Promise.all(names.map((name) => client.set(name, "1")));
  const found: string[] = [];
  for await (const keys of client.scanIterator()) found.push(...keys);
  expect(found.toSorted()).toEqual(names.toSorted());
});

test("R2, R5: what was written, and until when it lives, is there after a restart", async () => {
  const db = temporaryFile();
  const first = await serverHere({ db });
  const client = await clientOf(first.port);
  await client.set("k", "v", { expiration: { type: "EX", value: 1000 } });
  await first.close();
  const second = await serverHere({ db });
  const again = await clientOf(second.port);
  expect(await again.get("k")).toBe("v");
  expect(await again.ttl("k")).toSatisfy((ttl: number) => ttl > 900 && ttl <= 1000);
});

test("R13: what is not supported says exactly that", async () => {
  const { port } = await serverHere();
  const client = await clientOf(port);
  const commands = [
    "SUBSCRIBE a",
    "PUBLISH a b",
    "XADD s * f v",
    "XRANGE s - +",
    "EVAL x 0",
    "EVALSHA x 0",
    "MULTI",
    "EXEC",
    "WATCH a",
  ];
  for (const command of [
    ...commands,
    "BRPOPLPUSH a b 1",
    "BLMOVE a b LEFT RIGHT 1",
    "SELECT 1",
    "NOSUCH",
    "HSCAN a 0",
  ]) {
    const error = await client.sendCommand(command.split(" ")).catch((reason: Error) => reason.message);
    expect([command, error]).toEqual([command, "ERR command not supported yet"]);
  }
});

test("R12: what is said of file, cache and memory are names and values", async () => {
  const db = temporaryFile();
  const { port } = await serverHere({ db });
  const client = await clientOf(port);
  await client.set("s", "1");
  await client.hSet("h", "f", "1");
  await client.get("s");
  const read = async (command: string): Promise<Record<string, unknown>> => {
    const flat = (await client.sendCommand([command])) as unknown[];
    return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, at) => [flat[at * 2], flat[at * 2 + 1]]));
  };
  expect(await read("SQLITE.INFO")).toMatchObject({
    path: db,
    version: expect.stringMatching(/^3\./),
    total_keys: 2,
    string_keys: 1,
    hash_keys: 1,
    set_keys: 0,
    list_keys: 0,
    journal_mode: "wal",
  });
  expect(await read("CACHE.INFO")).toMatchObject({
    enabled: 1,
    entries: 2,
    hits: expect.any(Number),
    hit_ratio: expect.stringMatching(/^0\.\d{4}$/),
  });
  expect(await read("MEMORY.INFO")).toMatchObject({
    heapUsed: expect.any(Number),
    rss: expect.any(Number),
    external: expect.any(Number),
  });
});
