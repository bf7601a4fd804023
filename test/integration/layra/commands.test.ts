import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { initMinio, uploadFile } from "../../../src/layra/minio/operations.ts";
import { createCollection, deleteCollection, insert } from "../../../src/layra/milvus/knowledge.ts";
import { createConversation, addTurn } from "../../../src/layra/mongodb/conversations.ts";
import { collection } from "../../../src/layra/mongodb/documents.ts";
import { createFiles } from "../../../src/layra/mongodb/files.ts";
import { ensureIndexes } from "../../../src/layra/mongodb/indexes.ts";
import { createKnowledgeBase } from "../../../src/layra/mongodb/knowledge-bases.ts";
import { updateWorkflow } from "../../../src/layra/mongodb/workflows.ts";
import { createModelConfig } from "../../../src/layra/mongodb/model-config.ts";
import type { Stores } from "../../../src/layra/stores.ts";
import { startFaultProxy } from "../../support/fault-proxy.ts";
import { newKb, runStores, storesText, type TestStores, testStores, vectorOf } from "../../support/layra.ts";

let given: TestStores;
let stores: Stores;
let env: Record<string, string>;
beforeAll(async () => {
  given = await testStores();
  ({ stores, env } = given);
  await initMinio(stores);
});
afterAll(() => given?.close());

test("L1, L4, L5, L40: health names each store; one that is away, slow or without keys hides no other, and the exit code is 3", async () => {
  expect(await runStores(env, "health", "--timeout", "60")).toMatchObject({
    code: 0,
    json: { mongodb: true, milvus: true, redis: true, minio: true, mysql: true },
  });
  const proxy = await startFaultProxy(env["REDIS_URL"]!);
  proxy.set({ kind: "black_hole" });
  const sick = { ...env, REDIS_URL: proxy.url, MINIO_URL: "http://127.0.0.1:9", DB_URL: "" };
  const { code, json } = await runStores(sick, "health", "--timeout", "15");
  await proxy.close();
  expect(code).toBe(3);
  expect(json).toMatchObject({ mongodb: true, milvus: true, redis: false, minio: false });
  expect(json["redis_error"]).toMatch(/no answer within 15 s|timeout|does not answer/i);
  expect(json["minio_error"]).toBeTruthy();
  expect(json).not.toHaveProperty("mysql");
  const keyless = await runStores({ ...env, MINIO_ACCESS_KEY: "" }, "health", "--timeout", "60");
  expect(keyless).toMatchObject({ code: 3, json: { redis: true, minio: false, mysql: true } });
  expect(keyless.json["minio_error"]).toContain("access key");
  expect((await runStores({ ...env, MINIO_ACCESS_KEY: "" }, "health", "--only", "redis,mysql")).json).toEqual({
    command: "stores health",
    redis: true,
    mysql: true,
  });
  expect(await storesText(env, "health", "--timeout", "60")).toMatch(/✓\s+mongodb\s+answers/);
});

test("a wrong variable or store is a usage error, and no password is told", async () => {
  const { code, stdout, stderr } = await runStores({ ...env, DB_URL: "oracle://me:s3cret@host/db" }, "health");
  expect(code).toBe(2);
  expect(stdout + stderr).toContain("DB_URL must be");
  expect(stdout + stderr).not.toContain("s3cret");
  expect((await runStores(env, "health", "--only", "oracle")).code).toBe(2);
});

test("L26: a user's profile holds what is not deleted, last modified first", async () => {
  const [first, deleted] = [newKb(), newKb()];
  await createKnowledgeBase(stores, "pat", "mine", first);
  await createKnowledgeBase(stores, "pat", "gone", deleted, true);
  for (const id of ["p1", "p2", "p3"]) await createConversation(stores, id, "pat", id, {});
  await addTurn(stores, "p1", "m", "", "q", "a", [], "");
  await collection(await stores.mongodb(), "conversations").updateOne(
    { conversation_id: "p3" },
    { $set: { is_delete: true } },
  );
  for (const id of ["pw1", "pw2"]) await updateWorkflow(stores, "pat", id, id, {}, [], []);
  await createModelConfig(stores, "pat", "a", [{ model_id: "a" }]);
  await collection(await stores.mongodb(), "nodes").insertOne({ username: "pat", custom_nodes: { x: 1 } });
  const { code, json } = await runStores(env, "profile", "pat");
  expect(code).toBe(0);
  expect(json).toMatchObject({
    username: "pat",
    model_config: { selected_model: "a" },
    custom_nodes: { custom_nodes: { x: 1 } },
    knowledge_bases: [{ knowledge_base_id: first }],
    conversations: [{ conversation_id: "p1" }, { conversation_id: "p2" }],
    workflows: [{ workflow_id: "pw2" }, { workflow_id: "pw1" }],
  });
  expect((json["knowledge_bases"] as unknown[]).length + (json["conversations"] as unknown[]).length).toBe(3);
  expect((await runStores(env, "profile", "nobody")).json).toMatchObject({ model_config: null, conversations: [] });
});

test("L27: search brings the file of each page; vectors come from a file or from an embedding service", async () => {
  const kb = newKb();
  await createKnowledgeBase(stores, "sue", "search", kb);
  await createFiles(stores, `${kb}-f`, "sue", "report.pdf", "r", "u", kb);
  await createCollection(stores.milvus, kb, 8);
  await insert(stores.milvus, kb, {
    colqwen_vecs: [vectorOf(1)],
    image_id: "near",
    page_number: 7,
    file_id: `${kb}-f`,
  });
  await insert(stores.milvus, kb, { colqwen_vecs: [vectorOf(0, 1)], image_id: "far", page_number: 8, file_id: "gone" });
  const file = join(given.folder, "query.json");
  await writeFile(file, JSON.stringify({ vectors: [vectorOf(1), vectorOf(0.5)] }));
  const { code, json } = await runStores(env, "search", kb, "--vectors", file);
  expect([code, json["error"]]).toEqual([0, undefined]);
  expect(json["hits"]).toMatchObject([
    { score: 1.5, image_id: "near", page_number: 7, file: { filename: "report.pdf" } },
    { score: 0, image_id: "far", page_number: 8 },
  ]);
  const asked: unknown[] = [];
  const service = createServer((request, response) => {
    request.setEncoding("utf8").on("data", (body: string) => asked.push(JSON.parse(body)));
    request.on("end", () => response.end(JSON.stringify({ embeddings: [[vectorOf(0, 1)]] })));
  }).listen(0, "127.0.0.1");
  await once(service, "listening");
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/embed_text`;
  const byText = await runStores(env, "search", kb, "--embedding-url", url, "--query", "what", "--top-k", "1");
  service.close();
  expect(asked).toEqual([{ queries: ["what"] }]);
  expect(byText.json["hits"]).toMatchObject([{ score: 1, image_id: "far" }]);
  await writeFile(file, "nothing");
  expect((await runStores(env, "search", kb, "--vectors", file)).code).toBe(2);
  expect((await runStores(env, "search", kb)).code).toBe(2);
  expect((await runStores(env, "search", newKb(), "--embedding-url", "http://127.0.0.1:9/", "--query", "x")).code).toBe(
    1,
  );
  await deleteCollection(stores.milvus, kb);
});

test("L36, L37, L4: stats of every store: memory and large keys of all four databases, rows and indexes, no tables", async () => {
  const kb = newKb();
  await createCollection(stores.milvus, kb, 8);
  await insert(stores.milvus, kb, {
    colqwen_vecs: [vectorOf(1), vectorOf(2)],
    image_id: "i",
    page_number: 1,
    file_id: "f",
  });
  for (const database of [0, 1, 2, 3]) {
    const redis = await stores.redis(database);
    await redis.flushDb();
    await redis.set(`small-${database}`, "x");
    await redis.set(`large-${database}`, "x".repeat(20_000 + database));
    await redis.configResetStat();
  }
  await uploadFile(stores, "stats", Buffer.alloc(1234));
  const { code, json } = await runStores(env, "stats");
  expect(code).toBe(0);
  expect(json["redis"]).toMatchObject({
    databases: [0, 1, 2, 3].map((database) => ({ database, keys: 2 })),
    total_keys: 8,
    large_keys_total: 4,
  });
  expect(await (await stores.redis()).info("commandstats")).not.toContain("cmdstat_keys:");
  expect(json["mysql"]).toEqual({ tables: [] });
  expect((json["minio"] as { bytes: number }).bytes).toBeGreaterThanOrEqual(1234);
  const collections = (json["milvus"] as { collections: { name: string; rows: number; indexes: object[] }[] })
    .collections;
  const own = collections.find(({ name }) => name === `colqwen${kb.replaceAll("-", "_")}`);
  expect(own).toMatchObject({ rows: 2, indexes: [{ field: "vector", type: "HNSW" }] });
  const text = await storesText(env, "stats");
  for (const line of ["DB 3: 2 keys", "Total keys: 8", "Large keys (>10KB): 4", "Rows: 2", "Type: HNSW"])
    expect(text).toContain(line);
  const away = await runStores({ ...env, REDIS_URL: "redis://127.0.0.1:9" }, "stats", "--only", "redis,mysql");
  expect(away).toMatchObject({ code: 3, json: { mysql: { tables: [] } } });
  await deleteCollection(stores.milvus, kb);
});

test("L38, L39: the doctor finds the wrong index and what else is wrong; fix-index makes the right one, once", async () => {
  const db = await stores.mongodb();
  await ensureIndexes(db);
  const chatflows = db.collection("chatflows");
  for (const { name } of (await chatflows.indexes()).filter((one) => one.key["workflow_id"] !== undefined))
    await chatflows.dropIndex(name!);
  await chatflows.createIndex({ workflow: 1, last_modify_at: -1 }, { name: "workflow_chatflows" });
  const temp = newKb("temp_");
  await createKnowledgeBase(stores, "doc", "t", temp);
  const old = new Date(Date.now() - 30 * 3600 * 1000);
  await collection(db, "knowledge_bases").deleteOne({ knowledge_base_id: temp });
  await db.collection<{ _id: string; [field: string]: unknown }>("knowledge_bases").insertOne({
    _id: `old-${temp}`,
    knowledge_base_id: temp,
    created_at: old,
    last_modify_at: old,
    is_delete: false,
  });
  const lost = newKb();
  await createKnowledgeBase(stores, "doc", "lost", lost);
  await createFiles(stores, `${lost}-f`, "doc", "a", "a", "u", lost);
  await (await stores.redis()).configSet({ maxmemory: "1gb", "maxmemory-policy": "noeviction" });
  const { code, json } = await runStores(env, "doctor");
  expect(code).toBe(3);
  const findings = Object.fromEntries(
    (json["findings"] as { name: string; state: string; hint?: string; message: string }[]).map((one) => [
      one.name,
      one,
    ]),
  );
  expect(Object.keys(findings)).toEqual([
    "mongodb_connections",
    "milvus_collections",
    "redis_memory",
    "minio_public_url",
    "chatflow_index",
    "temp_knowledge_bases",
  ]);
  expect(findings["milvus_collections"]).toMatchObject({
    state: "warning",
    message: expect.stringContaining(lost.replaceAll("-", "_")) as string,
  });
  expect(findings["redis_memory"]).toMatchObject({
    state: "warning",
    hint: expect.stringContaining("allkeys-lru") as string,
  });
  expect(findings["minio_public_url"]).toMatchObject({
    state: "warning",
    hint: expect.stringContaining("MINIO_PUBLIC_URL") as string,
  });
  expect(findings["chatflow_index"]).toMatchObject({
    state: "warning",
    hint: expect.stringContaining("workflow_id") as string,
  });
  expect(findings["temp_knowledge_bases"]).toMatchObject({
    state: "warning",
    hint: expect.stringContaining("orphans") as string,
  });

  expect((await runStores(env, "fix-index", "--dry-run")).json).toMatchObject({
    created: true,
    dropped: ["workflow_chatflows"],
  });
  expect((await chatflows.indexes()).map(({ name }) => name)).toContain("workflow_chatflows");
  expect((await runStores(env, "fix-index")).json).toMatchObject({ created: true, dropped: ["workflow_chatflows"] });
  expect((await chatflows.indexes()).map(({ key }) => key)).toContainEqual({ workflow_id: 1, last_modify_at: -1 });
  expect((await runStores(env, "fix-index")).json).toMatchObject({ created: false, dropped: [] });
  const after = (await runStores({ ...env, MINIO_PUBLIC_URL: env["MINIO_URL"]! }, "doctor")).json["findings"] as {
    name: string;
    state: string;
  }[];
  expect(after.find(({ name }) => name === "chatflow_index")).toMatchObject({ state: "ok" });
  expect(after.find(({ name }) => name === "minio_public_url")).toMatchObject({ state: "ok" });
});
