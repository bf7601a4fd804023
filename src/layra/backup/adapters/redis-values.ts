import { randomUUID } from "node:crypto";
import type { BinaryClient, Reply } from "../../../stores/redis/binary-client.ts";

/**
 * Whether the key holds what the payload holds. Two dumps of one hash or set may differ in their order: then the
 * payload is restored under a name of its own for a moment, and both are read.
 */
export async function sameValue(client: BinaryClient, key: Buffer, payload: Buffer): Promise<boolean> {
  const other = Buffer.from(`log-archive:compare:${randomUUID()}`);
  await client.send("RESTORE", other, String(minute), payload);
  try {
    const [is, wanted] = [await valueOf(client, key), await valueOf(client, other)];
    return is === wanted;
  } finally {
    await client.send("UNLINK", other);
  }
}

const minute = 60_000;

async function valueOf(client: BinaryClient, key: Buffer): Promise<string> {
  const type = String(await client.send("TYPE", key));
  return `${type}:${await members(client, key, type)}`;
}

async function members(client: BinaryClient, key: Buffer, type: string): Promise<string> {
  switch (type) {
    case "string":
      return text(await client.send("GET", key));
    case "list":
      return text(await client.send("LRANGE", key, "0", "-1"));
    case "set":
      return sorted((await client.send("SMEMBERS", key)) as Reply[], 1);
    case "hash":
      return sorted((await client.send("HGETALL", key)) as Reply[], 2);
    case "zset":
      return sorted((await client.send("ZRANGE", key, "0", "-1", "WITHSCORES")) as Reply[], 2);
    case "stream":
      return text([await client.send("XRANGE", key, "-", "+"), await client.send("XINFO", "GROUPS", key)]);
    default:
      return text(await client.send("DUMP", key));
  }
}

function sorted(replies: readonly Reply[], each: number): string {
  const groups: string[] = [];
  for (let at = 0; at < replies.length; at += each) groups.push(text(replies.slice(at, at + each)));
  return groups.toSorted().join(";");
}

function text(reply: Reply): string {
  if (Array.isArray(reply)) return `[${reply.map(text).join(",")}]`;
  return Buffer.isBuffer(reply) ? reply.toString("hex") : String(reply);
}
