import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import { noise } from "../../support/resplite/noise.ts";
import { RawClient } from "../../support/resplite/raw-client.ts";
import { serverHere } from "../../support/resplite/server-here.ts";

const pong = ["+", "PONG"];

test("R16: a command may come byte by byte, and many in one piece", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  for (const byte of "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nbc\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n") {
    client.write(byte);
    await new Promise(setImmediate);
  }
  expect([await client.next(), await client.next()]).toEqual([
    ["+", "OK"],
    ["$", "a\r\nbc"],
  ]);
  const many = Array.from({ length: 5_000 }, (_, at) => ["ECHO", String(at)]);
  expect(await client.pipeline(many)).toEqual(many.map(([, text]) => ["$", text]));
});

test("R16: inline commands are read as one types them", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  client.write('PING\r\n\r\n  SET  k  "a \\x41\\n\\"" \nGET k\nset \'it\\\'s\' x\nexists "it\'s"\r\n');
  const replies = [];
  for (let at = 0; at < 5; at += 1) replies.push(await client.next());
  expect(replies).toEqual([pong, ["+", "OK"], ["$", 'a A\n"'], ["+", "OK"], [":", "1"]]);
});

const wrong: [sent: string, answer: string][] = [
  ["*3000000000\r\n", "invalid multibulk length"],
  ["*x\r\n", "invalid multibulk length"],
  ["*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "expected '$', got 'f'"],
  ["*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n", "invalid bulk length"],
  ["*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n", "invalid bulk length"],
  ["*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$blabla\r\n", "invalid bulk length"],
  ["*1\r\nfoo\r\n", "expected '$', got 'f'"],
  ['set """test-key""" test-value\r\n', "unbalanced quotes in request"],
  ["x".repeat(70_000), "too big inline request"],
  [`*${"1".repeat(70_000)}`, "too big mbulk count string"],
  [`*1\r\n$${"1".repeat(70_000)}`, "too big bulk count string"],
];

test.each(wrong)("R16: %j is told and ends the connection, as in Redis", async (sent, answer) => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  client.write(`*1\r\n$4\r\nPING\r\n${sent}`);
  expect(await client.next()).toEqual(pong); // what came before is answered
  expect(await client.next()).toEqual(["-", `ERR Protocol error: ${answer}`]);
  await client.untilClosed();
});

test("a negative count of arguments, and none, are passed over", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  client.write("*-10\r\n*0\r\n\r\nPING\r\n");
  expect(await client.next()).toEqual(pong);
});

test("what was sent before the client ended its half is answered", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  client.send(["SET", "k", "v"], ["GET", "k"]);
  client.socket.end();
  expect([await client.next(), await client.next()]).toEqual([
    ["+", "OK"],
    ["$", "v"],
  ]);
  await client.untilClosed();
});

test("QUIT is answered, and what comes behind it is not done", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  client.send(["QUIT"], ["SET", "k", "v"]);
  expect(await client.next()).toEqual(["+", "OK"]);
  await client.untilClosed();
  using other = await RawClient.open(port);
  expect(await other.call("EXISTS", "k")).toEqual([":", "0"]);
});

test("a connection that the server ends is gone, also when the client goes on sending", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  using other = await RawClient.open(port);
  const stubborn = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  stubborn.on("error", () => {}).resume();
  stubborn.write("*x\r\n");
  await once(stubborn, "end");
  const sending = setInterval(() => void stubborn.write("more"), 1);
  await new Promise((resolve) => stubborn.on("close", resolve)); // behind the error that writing has become
  clearInterval(sending);
  client.close();
  expect((await other.call("INFO", "clients"))[1]).toMatch(/connected_clients:[12]\r\n/);
});

test("a large value comes and goes whole, and is not kept in the cache", async () => {
  const { port } = await serverHere();
  using client = await RawClient.open(port);
  const value = "0123456789abcdef".repeat(2 * 1024 * 1024); // 32 MB
  expect(await client.call("SET", "k", value)).toEqual(["+", "OK"]);
  const [type, read] = await client.call("GET", "k");
  expect([type, read === value]).toEqual(["$", true]);
  const facts = await client.call("CACHE.INFO");
  expect(Number((facts[1] as [string, string][])[5]![1])).toBeLessThan(10_000);
});

test("a client that does not read is not read from, holds little, harms nobody, and gets all of it once it reads", async () => {
  const { port } = await serverHere();
  using slow = await RawClient.open(port);
  using other = await RawClient.open(port);
  const value = "v".repeat(100_000);
  await other.call("SET", "k", value);
  slow.socket.pause();
  const gets = Array.from({ length: 2_000 }, () => ["GET", "k"]); // 200 MB of answers
  slow.send(...gets);
  const external = async (): Promise<number> => Number((await other.call("MEMORY.INFO"))[1]![7]![1]);
  await sleep(200);
  for (let at = 0; at < 100; at += 1) expect((await other.call("GET", "k"))[1]).toHaveLength(100_000);
  const held = await external();
  expect(held).toBeLessThan(100_000_000); // the test's own client is in the same process
  slow.socket.resume();
  for (const _ of gets) expect((await slow.next())[1]).toHaveLength(100_000);
});

test("noise in a thousand connections never ends the server, and never touches data", async () => {
  const { port } = await serverHere();
  using keeper = await RawClient.open(port);
  await keeper.call("SET", "kept", "value");
  await keeper.call("HSET", "hash", "f", "1");
  const prng = createPrng(`frames ${process.env["TEST_SEED"] ?? "1"}`);
  for (let connections = 0; connections < 1_000; connections += 1) {
    using client = await RawClient.open(port);
    client.write(Array.from({ length: prng.integer(1, 20) }, () => noise(prng)).join(""));
    client.socket.end();
    client.socket.resume();
    await client.untilClosed();
  }
  expect(await keeper.call("GET", "kept")).toEqual(["$", "value"]);
  expect(await keeper.call("HGETALL", "hash")).toEqual([
    "*",
    [
      ["$", "f"],
      ["$", "1"],
    ],
  ]);
  expect(await keeper.call("DBSIZE")).toEqual([":", "2"]);
  expect((await keeper.call("INFO", "clients"))[1]).toContain("connected_clients:1\r\n");
});

test("a thousand idle connections cost the others nothing", async () => {
  const { port } = await serverHere();
  const idle = await Promise.all(Array.from({ length: 1_000 }, () => RawClient.open(port)));
  using client = await RawClient.open(port);
  expect(await client.call("PING")).toEqual(pong);
  expect((await client.call("INFO", "clients"))[1]).toContain("connected_clients:1001\r\n");
  expect(await idle[500]!.call("PING")).toEqual(pong);
  for (const one of idle) one.close();
});
