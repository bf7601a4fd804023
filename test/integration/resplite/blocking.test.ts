import { expect, test } from "vitest";
import { RawClient } from "../../support/resplite/raw-client.ts";
import { serverHere } from "../../support/resplite/server-here.ts";

const list = (...values: string[]) => ["*", values.map((value) => ["$", value])];

async function several(port: number, count: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => RawClient.open(port)));
}

/** Until so many clients are blocked. */
async function untilBlocked(asker: RawClient, count: number): Promise<void> {
  for (;;) {
    const [, text] = await asker.call("INFO", "clients");
    if (String(text).includes(`blocked_clients:${count}\r\n`)) return;
  }
}

test("R14: one element wakes one client, first come, first served, for each key", async () => {
  const { port } = await serverHere();
  const [one, two, three, pusher] = (await several(port, 4)) as [RawClient, RawClient, RawClient, RawClient];
  for (const [at, client] of [one, two, three].entries()) {
    client.send(["BLPOP", "list", "0"]);
    await untilBlocked(pusher, at + 1);
  }
  expect(await pusher.call("RPUSH", "list", "a")).toEqual([":", "1"]);
  expect(await one.next()).toEqual(list("list", "a"));
  expect(await pusher.call("RPUSH", "list", "b", "c", "d")).toEqual([":", "3"]);
  expect(await two.next()).toEqual(list("list", "b"));
  expect(await three.next()).toEqual(list("list", "c"));
  expect(await pusher.call("LRANGE", "list", "0", "-1")).toEqual(list("d"));
  expect([one, two, three].map(({ waiting }) => waiting)).toEqual([0, 0, 0]);
});

test("R14: keys are looked at in the order given, also when both have elements", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  await client.call("RPUSH", "second", "x");
  await client.call("RPUSH", "first", "y", "z");
  expect(await client.call("BRPOP", "none", "first", "second", "1")).toEqual(list("first", "z"));
  expect(await client.call("BLPOP", "none", "second", "first", "1")).toEqual(list("second", "x"));
});

test("R14: a key of another kind is an error, and is none while one waits for it", async () => {
  const { port } = await serverHere();
  const [waiter, other] = (await several(port, 2)) as [RawClient, RawClient];
  await other.call("SET", "string", "1");
  expect((await waiter.call("BLPOP", "string", "0"))[1]).toMatch(/^WRONGTYPE/);
  waiter.send(["BLPOP", "list", "0"]);
  await untilBlocked(other, 1);
  await other.call("SET", "list", "1");
  expect((await other.call("RPUSH", "list", "x"))[1]).toMatch(/^WRONGTYPE/);
  await other.call("DEL", "list");
  await other.call("RPUSH", "list", "x");
  expect(await waiter.next()).toEqual(list("list", "x"));
});

test("R14: what a client sends behind its wait is done after it, in order", async () => {
  const { port } = await serverHere();
  const [waiter, other] = (await several(port, 2)) as [RawClient, RawClient];
  waiter.send(["PING"], ["BLPOP", "a", "0"], ["BLPOP", "b", "0"], ["LLEN", "a"], ["ECHO", "end"]);
  await untilBlocked(other, 1);
  expect(waiter.waiting).toBe(1);
  await other.pipeline([
    ["RPUSH", "b", "2"],
    ["RPUSH", "a", "1", "3"],
  ]);
  const replies = [];
  for (let at = 0; at < 5; at += 1) replies.push(await waiter.next());
  expect(replies).toEqual([["+", "PONG"], list("a", "1"), list("b", "2"), [":", "1"], ["$", "end"]]);
});

test("R14: a client that has gone takes no element", async () => {
  const { port } = await serverHere();
  const [gone, ended, waiter, pusher] = (await several(port, 4)) as [RawClient, RawClient, RawClient, RawClient];
  for (const [at, client] of [gone, ended, waiter].entries()) {
    client.send(["BLPOP", "list", "0"]);
    await untilBlocked(pusher, at + 1);
  }
  gone.close();
  ended.socket.end(); // only its sending half
  await untilBlocked(pusher, 1);
  await pusher.call("RPUSH", "list", "a");
  expect(await waiter.next()).toEqual(list("list", "a"));
});

test("R14: the timeout is in seconds with parts of them, and ends with null", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  const start = Date.now();
  expect(await client.call("BLPOP", "list", "0.05")).toEqual(["*", null]);
  expect(Date.now() - start).toBeGreaterThanOrEqual(50);
  await client.call("HELLO", "3");
  expect(await client.call("BRPOP", "list", "0.001")).toEqual(["_", ""]);
});

test("R14: a wait that ends with the server gets no half answer", async () => {
  const server = await serverHere();
  using client = await RawClient.open(server.port);
  using other = await RawClient.open(server.port);
  client.send(["BLPOP", "list", "0"]);
  await untilBlocked(other, 1);
  await server.close();
  await client.untilClosed();
  expect(client.waiting).toBe(0);
});
