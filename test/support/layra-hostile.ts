import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, UUID } from "mongodb";
import { createCollection, insert } from "../../src/layra/milvus/knowledge.ts";
import { initMinio, uploadFile } from "../../src/layra/minio/operations.ts";
import { createFiles } from "../../src/layra/mongodb/files.ts";
import { createKnowledgeBase } from "../../src/layra/mongodb/knowledge-bases.ts";
import { ensureIndexes } from "../../src/layra/mongodb/indexes.ts";
import type { Stores } from "../../src/layra/stores.ts";
import { newKb, vectorOf } from "./layra.ts";

export interface HostileSize {
  readonly documents: number;
  readonly keys: number;
  readonly objects: number;
  readonly rows: number;
}

/** Fills five stores with what backups stumble over. */
export async function fillHostile(stores: Stores, size: HostileSize): Promise<void> {
  await fillMongodb(stores, size);
  await fillRedis(stores, size);
  await fillMinio(stores, size);
  await fillMilvus(stores, size);
  await fillMysql(stores, size);
}

async function fillMongodb(stores: Stores, { documents }: HostileSize): Promise<void> {
  const db = await stores.mongodb();
  await ensureIndexes(db);
  await db.createCollection("empty ü");
  const odd = db.collection("odd 名");
  // the order of names, ids of every type, and numbers that are equal and not the same
  const ids = [
    new MinKey(),
    null,
    new Int32(1),
    new Double(2.5),
    Long.fromString("9007199254740993"),
    Decimal128.fromString("1.10"),
    "",
    "text",
    { a: 1 },
    new Binary(Buffer.from([0, 255])),
    new UUID(),
    new ObjectId(),
    true,
    new Date(0),
    new Timestamp({ t: 1, i: 2 }),
    new MaxKey(),
  ];
  // the server of the tests does not know all of them
  for (const _id of ids) await odd.insertOne({ _id, value: 1 } as never).catch(() => {});
  await odd
    .insertMany([
      {
        kind: "numbers",
        int: new Int32(1),
        double: new Double(1),
        long: Long.fromNumber(1),
        zero: new Double(-0),
        nan: new Double(Number.NaN),
      },
      { kind: "names", "": 1, "a.b": 2, ü: "\0", nested: { $x: [null, undefined, "\ud83d\ude00"] } },
    ] as never[])
    .catch(() => odd.insertOne({ kind: "names", ü: "\u{1f600}" }));
  await db.command({
    insert: "odd 名",
    documents: [
      new Map<string, unknown>([
        ["_id", "order"],
        ["b", 1],
        ["2", 2],
        [
          "1",
          new Map([
            ["9", "x"],
            ["0", "y"],
          ]),
        ],
        [
          "a",
          [
            new Map([
              ["7", 1],
              ["3", 2],
            ]),
          ],
        ],
      ]),
    ],
  });
  const many = db.collection("many");
  for (let at = 0; at < documents; at += 1000)
    await many.insertMany(
      Array.from({ length: Math.min(1000, documents - at) }, (_, one) => ({
        number: at + one,
        text: `document ${at + one}`,
        when: new Date(at + one),
      })),
    );
  await many.createIndex({ number: -1 }, { name: "by number", unique: true });
}

async function fillRedis(stores: Stores, { keys }: HostileSize): Promise<void> {
  for (const database of [0, 1, 2, 3]) {
    const client = await stores.redisBytes(database);
    const key = Buffer.from([0, 255, 13, 10, database]);
    await client.send("SET", key, Buffer.from([0, 1, 255]), "PX", "86400000");
    await client.send("SET", "", "an empty key");
    await client.send("RPUSH", `list ${database}`, "b", "a", "", key);
    await client.send("SADD", "set", ...Array.from({ length: 700 }, (_, at) => `member ${at}`));
    await client.send("SADD", "integers", "1", "2", "3");
    await client.send("HSET", "hash", ...Array.from({ length: 1200 }, (_, at) => `field ${at}`));
    await client.send("ZADD", "sorted", "1.5", "a", "-inf", "b", "3", key);
    await client.send("XADD", "stream", "1-1", "field", key);
    await client.send("SET", "large", Buffer.alloc(300_000, database));
    await client.send("SET", "soon gone", "x", "PX", "1");
    const set = Array.from({ length: keys / 4 }, (_, at) =>
      client.send("SET", `key:${at}`, `value ${at}`, ...(at % 3 === 0 ? ["EX", "7200"] : [])),
    );
    await Promise.all(set);
  }
}

async function fillMinio(stores: Stores, { objects: count }: HostileSize): Promise<void> {
  await initMinio(stores);
  const objects = stores.objects();
  const names = ["ü/名 前.pdf", "a+b&c=d%20", "<&>'\"", "quote'", "emoji 😀", "deep/er/and/deeper", " space "];
  for (const [at, name] of names.entries())
    await objects.put(name, Buffer.alloc(100 + at, at), {
      "content-type": "application/pdf",
      "x-amz-meta-owner": `user ${at}`,
    });
  await objects.put("empty", Buffer.alloc(0));
  await objects.put("zipped", Buffer.from("not really gzip"), {
    "content-encoding": "gzip",
    "cache-control": "no-store",
  });
  async function* large(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < 21; at++) yield Buffer.alloc(1024 * 1024, at);
    yield Buffer.from("end");
  }
  await uploadFile(stores, "large", large(), "video/mp4");
  for (let at = 0; at < count; at += 50)
    await Promise.all(
      Array.from({ length: Math.min(50, count - at) }, (_, one) =>
        objects.put(`many/${at + one}.txt`, Buffer.from(`object ${at + one}`)),
      ),
    );
}

async function fillMilvus(stores: Stores, { rows }: HostileSize): Promise<void> {
  const { milvus } = stores;
  const [kb, empty] = [newKb(), newKb()];
  await createCollection(milvus, empty, 8);
  await createCollection(milvus, kb, 8);
  await createKnowledgeBase(stores, "ann", "with vectors", kb);
  await createFiles(stores, "file-1", "ann", "deep.pdf", "deep/er/and/deeper", "url", kb);
  for (let at = 0; at < rows; at += 500)
    await insert(milvus, kb, {
      colqwen_vecs: Array.from({ length: Math.min(500, rows - at) }, (_, one) =>
        vectorOf(Math.sin(at + one), 1e-40, -0, one % 7),
      ),
      image_id: `image "${at}" 名\n`,
      page_number: at,
      file_id: "file-1",
    });
  // equal rows are rows of their own, and fields that no schema names stay
  const twice = {
    vector: vectorOf(1),
    image_id: "twice",
    page_number: 1,
    file_id: "file-1",
    extra: { a: [1, "x"] },
    more: "dynamic",
  };
  await milvus.call("insert", (client) =>
    client.insert({ collection_name: `colqwen${kb.replaceAll("-", "_")}`, data: [twice, twice] }),
  );
}

async function fillMysql(stores: Stores, { rows }: HostileSize): Promise<void> {
  await stores.mysql().use(async (connection) => {
    await connection.query("set session time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
    await connection.query("create table `empty ü` (id int primary key)");
    await connection.query(
      "create table odd (id bigint auto_increment primary key, f float, d double, n decimal(30,10), t text, b blob, bits bit(5), e enum('a','b'), j json, at timestamp(6) null, day date, `quo``te` varchar(20), twice decimal(40,10) generated always as (n * 2) stored)",
    );
    await connection.query(
      "insert into odd (id, f, d, n, t, b, bits, e, j, at, day, `quo``te`) values (0, 1.2345678, 0.1, '12345678901234567890.0123456789', '', X'00FF27', b'101', 'b', '{\"a\": [1]}', '2026-01-28 10:00:00.123456', '0000-00-00', '''\\\\'), (9223372036854775806, null, -1e300, null, '名 😀', null, null, null, null, null, null, null)",
    );
    await connection.query("create table words (word varchar(20) primary key, at int)");
    for (let at = 0; at < rows; at += 500)
      await connection.query("insert into words values ?", [
        Array.from({ length: Math.min(500, rows - at) }, (_, one) => [`Wört ${at + one}`, at + one]),
      ]);
    await connection.query("create table without_key (a int, b varchar(9))");
    await connection.query("insert into without_key values (1, 'x'), (1, 'x'), (2, null)");
    await connection.query(
      "create table child (id int primary key, parent bigint, foreign key (parent) references odd (id))",
    );
    await connection.query("insert into child values (1, 0)");
    await connection.query("create view seen as select id, t from odd");
    await connection.query("create trigger counted before insert on words for each row set new.at = new.at + 0");
  });
}
