import { createHash } from "node:crypto";
import type { RowDataPacket } from "mysql2";
import type { Stores } from "../../src/layra/stores.ts";

/** All that five stores hold, read by the test and not by what is tested: two of them are equal when these are. */
export async function contentsOf(stores: Stores): Promise<Record<string, unknown>> {
  return {
    mongodb: await mongodbContents(stores),
    redis: await redisContents(stores),
    minio: await minioContents(stores),
    milvus: await milvusContents(stores),
    mysql: await mysqlContents(stores),
  };
}

async function mongodbContents(stores: Stores): Promise<object> {
  const db = await stores.mongodb();
  const found: Record<string, object> = {};
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    const documents = await db.collection(name).find({}, { raw: true }).toArray();
    const indexes = (await db.collection(name).indexes()).map(({ key, unique, name: own }) => ({ own, key, unique }));
    found[name] = {
      documents: documents.map((bytes) => Buffer.from(bytes as unknown as Uint8Array).toString("base64")).toSorted(),
      indexes: indexes.toSorted((a, b) => (a.own! < b.own! ? -1 : 1)),
    };
  }
  return found;
}

async function redisContents(stores: Stores): Promise<object> {
  const found: Record<string, unknown> = {};
  for (const database of [0, 1, 2, 3]) {
    const client = await stores.redisBytes(database);
    const keys = (await client.send("KEYS", "*")) as Buffer[];
    for (const key of keys) {
      const type = String(await client.send("TYPE", key));
      const ttl = Number(await client.send("PTTL", key));
      const read: Record<string, string[]> = {
        string: ["GET"],
        list: ["LRANGE", "0", "-1"],
        set: ["SMEMBERS"],
        hash: ["HGETALL"],
        zset: ["ZRANGE", "0", "-1", "WITHSCORES"],
        stream: ["XRANGE", "-", "+"],
      };
      const [command, ...more] = read[type]!;
      const value = hex(await client.send(command!, key, ...more));
      const inPairs =
        type === "hash" ? (value as unknown[]).map((one, at, all) => (at % 2 === 0 ? [one, all[at + 1]] : [])) : value;
      const isUnordered = type === "set" || type === "hash";
      const shown = isUnordered ? (inPairs as unknown[]).map((one) => JSON.stringify(one)).toSorted() : value;
      found[`${database} ${key.toString("hex")}`] = {
        type,
        expires: ttl < 0 ? "never" : Math.round((Date.now() + ttl) / 600_000),
        shown,
      };
    }
  }
  return found;
}

function hex(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(hex);
  return Buffer.isBuffer(reply) ? reply.toString("hex") : reply;
}

async function minioContents(stores: Stores): Promise<object> {
  const objects = stores.objects();
  const found: Record<string, object> = {};
  for (let next: string | undefined; ;) {
    const page = await objects.list("", next === undefined ? undefined : { next });
    for (const { key } of page.objects) {
      const { content, headers } = (await objects.get(key))!;
      found[key] = { size: content.length, sha: createHash("sha256").update(content).digest("hex"), headers };
    }
    next = page.next;
    if (next === undefined) return found;
  }
}

async function milvusContents({ milvus }: Stores): Promise<object> {
  const { data } = await milvus.call("list", (client) => client.showCollections());
  const found: Record<string, object> = {};
  for (const { name } of data) {
    const rows: string[] = [];
    for (let offset = 0; ; offset += 1000) {
      const page = await milvus.call("read", (client) =>
        client.query({
          collection_name: name,
          filter: "",
          output_fields: ["*"],
          limit: 1000,
          offset,
          consistency_level: 0,
        }),
      );
      for (const row of page.data) {
        const own = Object.entries(row).filter(([field]) => field !== "pk");
        rows.push(JSON.stringify(own.toSorted(([a], [b]) => (a < b ? -1 : 1))));
      }
      if (page.data.length < 1000) break;
    }
    const indexes = await milvus.call("look", (client) => client.describeIndex({ collection_name: name }));
    found[name] = {
      rows: rows.toSorted(),
      indexes: indexes.index_descriptions.map(({ field_name, params }) => ({ field_name, params })),
    };
  }
  return found;
}

async function mysqlContents(stores: Stores): Promise<object> {
  return stores.mysql().use(async (connection) => {
    const found: Record<string, object> = {};
    await connection.query("set session time_zone = '+03:00'");
    const [tables] = await connection.query<RowDataPacket[]>("show full tables");
    for (const table of tables) {
      const [name, type] = Object.values(table).map(String) as [string, string];
      const [[create]] = await connection.query<RowDataPacket[]>("show create table ??", [name]);
      const statement = String(create!["Create Table"] ?? create!["Create View"]).replaceAll(
        /`layra_\w+`\.|AUTO_INCREMENT=\d+ /g,
        "",
      );
      const [columns] = await connection.query<RowDataPacket[]>(
        "select column_name as name from information_schema.columns where table_schema = database() and table_name = ?",
        [name],
      );
      const hexes = columns.map((one) => `hex(\`${String(one["name"]).replaceAll("`", "``")}\`)`).join();
      const [rows] = await connection.query({ sql: `select ${hexes} from ??`, rowsAsArray: true }, [name]);
      found[name] = { type, statement, rows: (rows as unknown[]).map((row) => JSON.stringify(row)).toSorted() };
    }
    const [triggers] = await connection.query<RowDataPacket[]>("show triggers");
    return { ...found, triggers: triggers.map((one) => [one["Trigger"], one["Statement"]]) };
  });
}
