import { expect, test } from "vitest";
import { createClient } from "redis";
import { startRedis } from "../../dev/servers/start-redis.ts";
import { needs } from "../support/needs.ts";

test("one Redis is shared by all who need it", async () => {
  const [url, again] = await Promise.all([needs("redis"), needs("redis")]);
  expect(again).toBe(url);
  const client = await createClient({ url }).connect();
  expect(await client.configGet("notify-keyspace-events")).toEqual({ "notify-keyspace-events": "AKE" });
  client.destroy();
});

test("a Redis of one's own can be killed and restarted at the same address, and ends with stop", async () => {
  const server = await startRedis({ flags: ["--appendonly", "yes"] });
  const client = await createClient({ url: server.url })
    .on("error", () => {})
    .connect();
  await client.set("kept", "yes");
  const { pid } = server;
  server.kill("SIGKILL");
  await server.restart();
  expect(server.pid).not.toBe(pid);
  expect(await client.get("kept")).toBe("yes");
  client.destroy();
  await server.stop();
  await expect(createClient({ url: server.url, socket: { reconnectStrategy: false } }).connect()).rejects.toThrow();
});
