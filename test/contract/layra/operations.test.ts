import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  initMinio,
  bulkDelete,
  createPresignedUrl,
  getFileFromMinio,
  uploadFile,
  uploadImage,
  validateFileExistence,
} from "../../../src/layra/minio/operations.ts";
import {
  checkCollection,
  collectionOf,
  createCollection,
  deleteCollection,
  deleteFiles,
  insert,
  loadCollection,
} from "../../../src/layra/milvus/knowledge.ts";
import { search } from "../../../src/layra/milvus/search.ts";
import {
  addTurn,
  createConversation,
  deleteConversation,
  getConversation,
  getConversationsByUser,
} from "../../../src/layra/mongodb/conversations.ts";
import { collection } from "../../../src/layra/mongodb/documents.ts";
import { addImages, createFiles, deleteFilesBulk, getFileAndImageInfo } from "../../../src/layra/mongodb/files.ts";
import { ensureIndexes } from "../../../src/layra/mongodb/indexes.ts";
import {
  createKnowledgeBase,
  deleteKnowledgeBase,
  getKnowledgeBaseById,
  getKnowledgeBasesByUser,
  updateKnowledgeBaseName,
} from "../../../src/layra/mongodb/knowledge-bases.ts";
import {
  addModelConfig,
  createModelConfig,
  deleteModelConfig,
  getSelectedModelConfig,
  updateModelConfig,
} from "../../../src/layra/mongodb/model-config.ts";
import {
  deleteWorkflow,
  getWorkflow,
  getWorkflowsByUser,
  updateWorkflow,
} from "../../../src/layra/mongodb/workflows.ts";
import {
  getModelConfig,
  getTaskProgress,
  getToken,
  invalidateAllKbMetadata,
  invalidateModelConfig,
  setModelConfig,
  setTaskProgress,
  setToken,
} from "../../../src/layra/redis/operations.ts";
import type { Stores } from "../../../src/layra/stores.ts";
import { newKb, type TestStores, testStores, vectorOf } from "../../support/layra.ts";

let given: TestStores;
let stores: Stores;
beforeAll(async () => {
  given = await testStores();
  ({ stores } = given);
  await ensureIndexes(await stores.mongodb());
  await initMinio(stores);
});
afterAll(() => given?.close());

const success = { status: "success" };
const failed = { status: "failed" };

describe("MongoDB", () => {
  test("L6, L11: knowledge bases are made once, renamed, listed last modified first without deleted ones", async () => {
    const [first, second, deleted] = [newKb(), newKb(), newKb()];
    expect(await createKnowledgeBase(stores, "ann", "one", first)).toMatchObject({ ...success, id: first });
    expect(await createKnowledgeBase(stores, "bob", "taken", first)).toMatchObject(success);
    await createKnowledgeBase(stores, "ann", "two", second);
    await createKnowledgeBase(stores, "ann", "gone", deleted, true);
    expect(await getKnowledgeBaseById(stores, first)).toMatchObject({
      knowledge_base_name: "one",
      username: "ann",
      files: [],
      is_delete: false,
    });
    expect(await getKnowledgeBaseById(stores, deleted)).toBeNull();
    expect(await updateKnowledgeBaseName(stores, first, "uno")).toMatchObject(success);
    expect(await updateKnowledgeBaseName(stores, deleted, "x")).toMatchObject(failed);
    const names = (await getKnowledgeBasesByUser(stores, "ann")).map((kb) => kb.knowledge_base_name);
    expect(names).toEqual(["uno", "two"]);
  });

  test("L6: deleting a knowledge base takes its files, their objects and its vectors, and no other's", async () => {
    const [kb, other] = [newKb(), newKb()];
    for (const id of [kb, other]) {
      await createKnowledgeBase(stores, "cat", id, id);
      await createFiles(stores, `${id}-f`, "cat", "a.pdf", `${id}.pdf`, "url", id);
      await addImages(stores, `${id}-f`, `${id}-i`, `${id}.png`, "url", 1);
      await createCollection(stores.milvus, id, 8);
      for (const name of [`${id}.pdf`, `${id}.png`]) await uploadFile(stores, name, Buffer.from(name));
    }
    expect(await deleteKnowledgeBase(stores, kb)).toMatchObject(success);
    expect(await getKnowledgeBaseById(stores, kb)).toBeNull();
    expect(await checkCollection(stores.milvus, kb)).toBe(false);
    expect(await validateFileExistence(stores, `${kb}.pdf`)).toBe(false);
    expect(await validateFileExistence(stores, `${kb}.png`)).toBe(false);
    expect(await deleteKnowledgeBase(stores, kb)).toMatchObject(failed);
    expect(await checkCollection(stores.milvus, other)).toBe(true);
    expect(await validateFileExistence(stores, `${other}.png`)).toBe(true);
    expect((await getKnowledgeBaseById(stores, other))?.files).toHaveLength(1);
    await deleteKnowledgeBase(stores, other);
  });

  test("L7: files and their pages; a bulk delete says what it did not find, and spares objects that others name", async () => {
    const kb = newKb();
    await createKnowledgeBase(stores, "dan", "files", kb);
    for (const id of ["f1", "f2", "f3"]) {
      expect(
        await createFiles(stores, id, "dan", `${id}.pdf`, id === "f1" ? "f1.obj" : "shared.obj", `u/${id}`, kb),
      ).toMatchObject({ ...success, id });
      await uploadFile(stores, id === "f1" ? "f1.obj" : "shared.obj", Buffer.from(id));
    }
    await createFiles(stores, "f1", "dan", "again.pdf", "x", "x", kb);
    expect(await addImages(stores, "f1", "i1", "f1-1.png", "u/i1", 3)).toMatchObject(success);
    expect(await addImages(stores, "f1", "i1", "other.png", "u", 4)).toMatchObject(success);
    expect(await addImages(stores, "none", "i1", "x", "u", 4)).toMatchObject(failed);
    expect(await getFileAndImageInfo(stores, "f1", "i1")).toMatchObject({
      ...success,
      file_minio_filename: "f1.obj",
      image_minio_filename: "f1-1.png",
      page_number: 3,
      knowledge_db_id: kb,
    });
    expect(await getFileAndImageInfo(stores, "f1", "i2")).toMatchObject(failed);
    expect((await getKnowledgeBaseById(stores, kb))?.files.map((file) => file.file_id)).toEqual(["f1", "f2", "f3"]);
    expect(await deleteFilesBulk(stores, ["f1", "f2", "f2", "none"])).toMatchObject({
      status: "partial_success",
      deleted_count: 2,
      not_found_ids: ["none"],
      failed_objects: [],
    });
    expect(await validateFileExistence(stores, "f1.obj")).toBe(false);
    expect(await validateFileExistence(stores, "shared.obj")).toBe(true);
    expect((await getKnowledgeBaseById(stores, kb))?.files.map((file) => file.file_id)).toEqual(["f3"]);
    expect(await deleteFilesBulk(stores, [])).toMatchObject({ ...success, deleted_count: 0 });
  });

  test("L8, L11: conversations take turns once, and go with temporary knowledge bases that nobody else names", async () => {
    const [own, shared] = [newKb("temp_"), newKb("temp_")];
    for (const kb of [own, shared]) {
      await createKnowledgeBase(stores, "eve", "temp", kb);
      await createCollection(stores.milvus, kb, 8);
    }
    expect(await createConversation(stores, "c1", "eve", "one", { model: "m" })).toMatchObject({
      ...success,
      id: "c1",
    });
    expect(await createConversation(stores, "c1", "eve", "one", {})).toMatchObject(failed);
    await createConversation(stores, "c2", "eve", "two", {});
    expect(await addTurn(stores, "c1", "m1", "", "hi", "ho", [{ f: 1 }], own)).toMatchObject(success);
    expect(await addTurn(stores, "c1", "m1", "", "hi", "ho", [], own)).toMatchObject(success);
    expect(await addTurn(stores, "c1", "m2", "m1", "q", "a", [], shared)).toMatchObject(success);
    expect(await addTurn(stores, "c2", "m3", "", "q", "a", [], shared)).toMatchObject(success);
    expect(await addTurn(stores, "c2", "m4", "", "q", "a", [], "temp_none")).toMatchObject(failed);
    expect(await addTurn(stores, "none", "m5", "", "q", "a", [], "")).toMatchObject(failed);
    expect(
      (await getConversation(stores, "c1"))?.turns.map((turn) => [
        turn.message_id,
        turn.parent_message_id,
        turn.temp_db,
      ]),
    ).toEqual([
      ["m1", "", own],
      ["m2", "m1", shared],
    ]);
    expect((await getConversation(stores, "c2"))?.turns).toHaveLength(1);
    expect((await getConversationsByUser(stores, "eve")).map((one) => one.conversation_id)).toEqual(["c2", "c1"]);
    expect(await deleteConversation(stores, "c1")).toMatchObject(success);
    expect(await getConversation(stores, "c1")).toBeNull();
    expect(await checkCollection(stores.milvus, own)).toBe(false);
    expect(await getKnowledgeBaseById(stores, own)).toBeNull();
    expect(await checkCollection(stores.milvus, shared)).toBe(true);
    expect(await deleteConversation(stores, "c1")).toMatchObject(failed);
    await deleteConversation(stores, "c2");
    expect(await checkCollection(stores.milvus, shared)).toBe(false);
  });

  test("L9, L11: workflows are made and replaced by one call, and go with their chatflows", async () => {
    const db = await stores.mongodb();
    await updateWorkflow(stores, "fay", "w1", "first", { a: 1 }, [{ id: "n" }], []);
    const made = await getWorkflow(stores, "w1");
    await updateWorkflow(stores, "fay", "w1", "second", { a: 2 }, [], [{ id: "e" }]);
    expect(await getWorkflow(stores, "w1")).toMatchObject({
      workflow_name: "second",
      workflow_config: { a: 2 },
      nodes: [],
      edges: [{ id: "e" }],
      created_at: made!.created_at,
      start_node: "node_start",
    });
    await updateWorkflow(stores, "fay", "w2", "other", {}, [], []);
    expect((await getWorkflowsByUser(stores, "fay")).map((one) => one.workflow_id)).toEqual(["w2", "w1"]);
    await collection(db, "chatflows").insertMany([
      { chatflow_id: "cf1", workflow_id: "w1", chatflow_name: "a", username: "fay", turns: [] },
      { chatflow_id: "cf2", workflow_id: "w2", chatflow_name: "b", username: "fay", turns: [] },
    ]);
    expect(await deleteWorkflow(stores, "w1")).toMatchObject(success);
    expect(await deleteWorkflow(stores, "w1")).toMatchObject(failed);
    expect(await collection(db, "chatflows").distinct("chatflow_id", { username: "fay" })).toEqual(["cf2"]);
  });

  test("L10: models of a user", async () => {
    expect(await createModelConfig(stores, "gus", "a", [{ model_id: "a", temperature: 1 }])).toMatchObject(success);
    expect(await createModelConfig(stores, "gus", "b", [])).toMatchObject(failed);
    expect(await addModelConfig(stores, "gus", { model_id: "b" })).toMatchObject(success);
    expect(await addModelConfig(stores, "gus", { model_id: "b" })).toEqual({
      status: "failed",
      message: "Model ID already exists",
    });
    expect(await addModelConfig(stores, "nobody", { model_id: "b" })).toEqual({
      status: "failed",
      message: "User not found",
    });
    expect(await updateModelConfig(stores, "gus", "a", { temperature: 0.5, model_id: "z" })).toMatchObject(success);
    expect(await updateModelConfig(stores, "gus", "a", { "x.y": 1 })).toMatchObject(failed);
    expect(await updateModelConfig(stores, "gus", "none", { temperature: 1 })).toMatchObject(failed);
    expect(await getSelectedModelConfig(stores, "gus")).toMatchObject({
      ...success,
      select_model_config: { model_id: "a", temperature: 0.5 },
    });
    expect(await deleteModelConfig(stores, "gus", "a")).toMatchObject(success);
    expect(await getSelectedModelConfig(stores, "gus")).toMatchObject({ select_model_config: { model_id: "b" } });
    expect(await deleteModelConfig(stores, "gus", "a")).toMatchObject(failed);
  });
});

describe("Milvus", () => {
  test("L2, L12: a collection of the id with _ for -, HNSW with IP, M 32 and efConstruction 500; made once", async () => {
    const kb = newKb();
    expect(collectionOf("a-b_c")).toBe("colqwena_b_c");
    expect(() => collectionOf("a b")).toThrow("no id of a knowledge base");
    expect(await checkCollection(stores.milvus, kb)).toBe(false);
    expect(await createCollection(stores.milvus, kb)).toBe(true);
    await insert(stores.milvus, kb, {
      colqwen_vecs: [Array.from({ length: 128 }, () => 0.5)],
      image_id: "i",
      page_number: 1,
      file_id: "f",
    });
    expect(await createCollection(stores.milvus, kb)).toBe(false);
    await expect(createCollection(stores.milvus, kb, 8)).rejects.toMatchObject({ code: "other_dimension" });
    await loadCollection(stores.milvus, kb);
    const index = await stores.milvus.call("look", (client) =>
      client.describeIndex({ collection_name: collectionOf(kb) }),
    );
    const params = Object.fromEntries(index.index_descriptions[0]!.params.map(({ key, value }) => [key, value]));
    expect(JSON.stringify(params)).toMatch(/HNSW/);
    expect(JSON.stringify(params)).toMatch(/IP/);
    expect(JSON.stringify(params).replaceAll("\\", "")).toMatch(/"M": ?"?32\b/);
    expect(JSON.stringify(params).replaceAll("\\", "")).toMatch(/"efConstruction": ?"?500\b/);
    const rows = await stores.milvus.call("count", (client) =>
      client.query({
        collection_name: collectionOf(kb),
        filter: "",
        output_fields: ["count(*)"],
        consistency_level: 0,
      }),
    );
    expect(Number(rows.data[0]!["count(*)"])).toBe(1);
    expect(await deleteCollection(stores.milvus, kb)).toBe(true);
    expect(await deleteCollection(stores.milvus, kb)).toBe(false);
  });

  test("L13, L14, L15: one row a vector; pages scored by the sum of the best products; files deleted", async () => {
    const kb = newKb();
    await createCollection(stores.milvus, kb, 8);
    const pages = Array.from({ length: 30 }, (_, page) => ({
      colqwen_vecs: Array.from({ length: 5 }, (_one, at) =>
        vectorOf(Math.sin(page * 7 + at), Math.cos(page * 3 + at), Math.sin(at - page)),
      ),
      image_id: `img_${page} "q"`,
      page_number: page,
      file_id: `file_${page % 3}`,
    }));
    for (const page of pages) expect(await insert(stores.milvus, kb, page)).toBe(5);
    const query = [vectorOf(1, 0.5, 0.2), vectorOf(-0.3, 1)];
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, one, at) => sum + one * b[at]!, 0);
    const expected = pages
      .map((page) => ({
        image_id: page.image_id,
        page_number: page.page_number,
        file_id: page.file_id,
        score: query.reduce((sum, one) => sum + Math.max(...page.colqwen_vecs.map((vector) => dot(one, vector))), 0),
      }))
      .toSorted((a, b) => b.score - a.score)
      .slice(0, 4);
    const found = await search(stores.milvus, kb, query, 4);
    expect(found.map(({ image_id }) => image_id)).toEqual(expected.map(({ image_id }) => image_id));
    for (const [at, { score, page_number, file_id }] of found.entries()) {
      expect(score).toBeCloseTo(expected[at]!.score, 4);
      expect({ page_number, file_id }).toEqual({
        page_number: expected[at]!.page_number,
        file_id: expected[at]!.file_id,
      });
    }
    await deleteFiles(stores.milvus, kb, ["file_0", 'x" or file_id != "']);
    const left = await search(stores.milvus, kb, query, 100);
    expect(new Set(left.map(({ file_id }) => file_id))).toEqual(new Set(["file_1", "file_2"]));
    await expect(search(stores.milvus, kb, [], 4)).rejects.toMatchObject({ code: "invalid_vectors" });
    await deleteCollection(stores.milvus, kb);
  });
});

describe("Redis", () => {
  test("L3, L16, L17: tokens in database 0 and tasks in database 1, each for an hour", async () => {
    await setToken(stores, "jwt");
    expect(await getToken(stores, "jwt")).toBe("valid");
    expect(await getToken(stores, "other")).toBeNull();
    const [tokens, tasks] = [await stores.redis(0), await stores.redis(1)];
    expect(await tokens.get("token:jwt")).toBe("valid");
    const progress = { status: "processing", message: "Processing file 3/10", processed: 3, total: 10 };
    await setTaskProgress(stores, "t1", progress);
    expect(await getTaskProgress(stores, "t1")).toEqual(progress);
    expect(await getTaskProgress(stores, "none")).toBeUndefined();
    for (const seconds of [await tokens.ttl("token:jwt"), await tasks.ttl("task:t1")]) {
      expect(seconds).toBeGreaterThan(3500);
      expect(seconds).toBeLessThanOrEqual(3600);
    }
  });

  test("L3, L18: the cache is database 3, and knowledge is forgotten by SCAN", async () => {
    await setModelConfig(stores, "ann", { model: "m" });
    expect(await getModelConfig(stores, "ann")).toEqual({ model: "m" });
    const cache = await stores.redis();
    expect(await cache.get("model_config:ann")).toBe('{"model":"m"}');
    expect(await cache.ttl("model_config:ann")).toBeGreaterThan(1700);
    await invalidateModelConfig(stores, "ann");
    expect(await getModelConfig(stores, "ann")).toBeUndefined();
    await cache.mSet(Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`kb:${at}`, "x"])));
    await cache.set("kbx", "stays");
    await cache.configResetStat();
    expect(await invalidateAllKbMetadata(stores)).toBe(2000);
    expect(await cache.dbSize()).toBe(1);
    expect(await cache.info("commandstats")).not.toContain("cmdstat_keys:");
  });
});

describe("MinIO", () => {
  test("L5, L19: the bucket is made when it is missing", async () => {
    expect(await initMinio(stores)).toBe(false);
  });

  test("L20, L21, L23, L25: files of bytes and of streams, pictures with their type", async () => {
    await uploadFile(stores, "ordner/ü €.pdf", Buffer.from("text"), "application/pdf");
    expect((await getFileFromMinio(stores, "ordner/ü €.pdf"))?.toString()).toBe("text");
    expect(await stores.objects().head("ordner/ü €.pdf")).toMatchObject({
      size: 4,
      headers: { "content-type": "application/pdf" },
    });
    await uploadImage(stores, "page.png", Buffer.from([0, 255]));
    expect(await stores.objects().head("page.png")).toMatchObject({ headers: { "content-type": "image/png" } });
    async function* large(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 20; at++) yield Buffer.alloc(1024 * 1024, at);
    }
    await uploadFile(stores, "large", large());
    const back = await getFileFromMinio(stores, "large");
    expect(back?.length).toBe(20 * 1024 * 1024);
    expect([back![0], back!.at(-1)]).toEqual([0, 19]);
    expect(await getFileFromMinio(stores, "nothing")).toBeUndefined();
    expect(await validateFileExistence(stores, "large")).toBe(true);
    expect(await validateFileExistence(stores, "nothing")).toBe(false);
  });

  test("L22: a signed address works for whoever has it, also at the public address, for 7 days at most", async () => {
    await uploadFile(stores, "a b.txt", Buffer.from("signed"));
    const url = await createPresignedUrl(stores, "a b.txt");
    expect(new URL(url).searchParams.get("X-Amz-Expires")).toBe("3600");
    expect(await (await fetch(url)).text()).toBe("signed");
    expect((await fetch(url.replace("a%20b", "other"))).status).toBe(403);
    expect((await fetch(await createPresignedUrl(stores, "a b.txt", 604_800))).status).toBe(200);
    await expect(createPresignedUrl(stores, "a b.txt", 604_801)).rejects.toMatchObject({ code: "invalid_expiry" });
    const behind = {
      ...stores,
      options: { ...stores.options, minio: { ...stores.options.minio, publicUrl: "https://files.example.org" } },
    };
    expect(await createPresignedUrl(behind, "x")).toMatch(
      new RegExp(`^https://files\\.example\\.org/${stores.options.minio.bucket}/x\\?`),
    );
  });

  test("L24: a bulk delete of more than 1000, with names twice and names that XML cannot write", async () => {
    const names = ["<&>'\"", "ü", "line\nend", ...Array.from({ length: 1005 }, (_, at) => `many/${at}`)];
    await Promise.all(names.slice(0, 30).map((name) => uploadFile(stores, name, Buffer.from("x"))));
    expect(await bulkDelete(stores, [...names, ...names])).toEqual([]);
    for (const name of names.slice(0, 30))
      expect([name, await validateFileExistence(stores, name)]).toEqual([name, false]);
  });
});
