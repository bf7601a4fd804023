import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { initMinio, uploadFile, validateFileExistence } from "../../../src/layra/minio/operations.ts";
import { checkCollection, createCollection, insert } from "../../../src/layra/milvus/knowledge.ts";
import { search } from "../../../src/layra/milvus/search.ts";
import { addTurn, createConversation } from "../../../src/layra/mongodb/conversations.ts";
import { collection } from "../../../src/layra/mongodb/documents.ts";
import { createFiles } from "../../../src/layra/mongodb/files.ts";
import {
  createKnowledgeBase,
  deleteKnowledgeBase,
  getKnowledgeBaseById,
} from "../../../src/layra/mongodb/knowledge-bases.ts";
import { removeOrphans } from "../../../src/layra/operate/orphans.ts";
import type { RemovalStep } from "../../../src/layra/mongodb/remove-unreferenced.ts";
import type { Stores } from "../../../src/layra/stores.ts";
import { newKb, runStores, storesText, type TestStores, testStores } from "../../support/layra.ts";

let given: TestStores;
let stores: Stores;
const watch = { signal: new AbortController().signal };
const now = { graceMillis: 0 };
beforeAll(async () => {
  given = await testStores();
  ({ stores } = given);
  await initMinio(stores);
});
afterAll(() => given?.close());
beforeEach(async () => {
  const db = await stores.mongodb();
  for (const name of ["knowledge_bases", "conversations", "chatflows", "files"])
    await db.collection(name).deleteMany({});
});

async function tempKb(): Promise<string> {
  const id = newKb("temp_");
  await createKnowledgeBase(stores, "ann", "temp", id);
  await createFiles(stores, `${id}-f`, "ann", "a.pdf", `${id}.pdf`, "u", id);
  await uploadFile(stores, `${id}.pdf`, Buffer.from("x"));
  await createCollection(stores.milvus, id, 8);
  return id;
}

async function conversationWith(tempDb: string, more: object = {}): Promise<string> {
  const id = randomUUID();
  const turn = {
    message_id: "m",
    parent_message_id: "",
    user_message: "",
    temp_db: tempDb,
    ai_message: "",
    file_used: [],
    timestamp: new Date(),
  };
  const time = new Date();
  await collection(await stores.mongodb(), "conversations").insertOne({
    conversation_id: id,
    conversation_name: "",
    username: "ann",
    model_config: {},
    turns: [turn],
    created_at: time,
    last_modify_at: time,
    is_read: true,
    is_delete: false,
    ...more,
  });
  return id;
}

async function isWhole(id: string): Promise<boolean> {
  const parts = [
    (await getKnowledgeBaseById(stores, id)) !== null,
    await checkCollection(stores.milvus, id),
    await validateFileExistence(stores, `${id}.pdf`),
  ];
  expect(new Set(parts).size, `${id}: ${parts.join()}`).toBe(1);
  return parts[0]!;
}

test("L28, L29: what a live conversation or a chatflow names stays, also beside turns that name none; the rest goes whole", async () => {
  const [orphan, inConversation, inChatflow, inDeleted, young] = [
    await tempKb(),
    await tempKb(),
    await tempKb(),
    await tempKb(),
    await tempKb(),
  ];
  const ordinary = newKb("kb-");
  await createKnowledgeBase(stores, "ann", "stays", ordinary);
  await conversationWith(inConversation);
  for (const none of ["", null as unknown as string]) await conversationWith(none);
  await conversationWith(inDeleted, { is_delete: true });
  await collection(await stores.mongodb(), "chatflows").insertOne({
    chatflow_id: "cf",
    workflow_id: "w",
    chatflow_name: "",
    username: "ann",
    turns: [
      {
        message_id: "m",
        parent_message_id: "",
        user_message: "",
        temp_db: inChatflow,
        ai_message: "",
        file_used: [],
        timestamp: new Date(),
      },
    ],
  });
  const dry = await runStores(given.env, "orphans", "--dry-run", "--grace-hours", "0");
  expect(new Set(dry.json["orphans"] as string[])).toEqual(new Set([orphan, inDeleted, young]));
  expect(await isWhole(orphan)).toBe(true);
  // all are younger than a day
  expect((await runStores(given.env, "orphans", "--yes")).json).toMatchObject({ orphans: [], removed: [] });
  expect((await runStores(given.env, "orphans", "--grace-hours", "0")).code).toBe(2); // nobody to ask
  await collection(await stores.mongodb(), "knowledge_bases").deleteOne({ knowledge_base_id: young });
  const text = await storesText(given.env, "orphans", "--yes", "--grace-hours", "0");
  expect(text).toContain(`Deleted orphaned temp KB: ${orphan}`);
  expect(text.trimEnd().split("\n").at(-1)).toBe("2");
  for (const [id, stays] of [
    [orphan, false],
    [inDeleted, false],
    [inConversation, true],
    [inChatflow, true],
  ] as const)
    expect([id, await isWhole(id)]).toEqual([id, stays]);
  expect(await getKnowledgeBaseById(stores, ordinary)).not.toBeNull();
});

test.each<RemovalStep>(["begin", "marked", "rechecked", "decided"])(
  "L28: a turn that is added at the step %s keeps its knowledge base, or is told that it is gone",
  async (step) => {
    const id = await tempKb();
    await createConversation(stores, `c-${id}`, "ann", "", {});
    let answer: string | undefined;
    const report = await removeOrphans(stores, now, {
      ...watch,
      atStep: async (_, at) => {
        if (at === step) answer = (await addTurn(stores, `c-${id}`, "m", "", "q", "a", [], id)).status;
      },
    });
    const conversation = await collection(await stores.mongodb(), "conversations").findOne({
      conversation_id: `c-${id}`,
    });
    const isNamed = conversation!.turns.length > 0;
    expect([answer === "success", await isWhole(id), report.kept.length === 1]).toEqual([isNamed, isNamed, isNamed]);
    expect(isNamed).toBe(step !== "decided");
  },
);

test.each<RemovalStep>(["begin", "marked"])(
  "L28: so does a turn of an application that knows nothing of it, at the step %s",
  async (step) => {
    const id = await tempKb();
    const report = await removeOrphans(stores, now, {
      ...watch,
      atStep: async (_, at) => {
        if (at === step) await conversationWith(id);
      },
    });
    expect(report).toMatchObject({ kept: [id], removed: [] });
    expect(await isWhole(id)).toBe(true);
  },
);

test.each<RemovalStep>(["marked", "decided"])(
  "what a run that died at the step %s has left is ended by the next",
  async (step) => {
    const id = await tempKb();
    const died = new Error("died");
    await expect(
      removeOrphans(stores, now, {
        ...watch,
        atStep: (_, at) => (at === step ? Promise.reject(died) : Promise.resolve()),
      }),
    ).rejects.toBe(died);
    expect(await removeOrphans(stores, step === "decided" ? {} : now, watch)).toMatchObject({ removed: [id] });
    expect(await isWhole(id)).toBe(false);
  },
);

test("L29: a collection that another knowledge base has as well is never dropped, though that one is marked as deleted", async () => {
  const db = await stores.mongodb();
  const orphan = await tempKb();
  const twin = orphan.replace("temp_", "temp-"); // one name in Milvus
  await createKnowledgeBase(stores, "bob", "twin", twin);
  await createFiles(stores, `${twin}-f`, "bob", "b.pdf", `${twin}.pdf`, "u", twin);
  for (const [at, file_id] of [`${orphan}-f`, `${twin}-f`].entries())
    await insert(stores.milvus, orphan, {
      colqwen_vecs: [Array.from({ length: 8 }, (_, one) => (one === at ? 1 : 0))],
      image_id: file_id,
      page_number: 1,
      file_id,
    });
  await db.collection("knowledge_bases").updateOne({ knowledge_base_id: twin }, { $set: { is_delete: true } });
  expect(await removeOrphans(stores, now, watch)).toMatchObject({ removed: [orphan], failed: [] });
  expect(await checkCollection(stores.milvus, twin)).toBe(true);
  const pages = await search(stores.milvus, twin, [[1, 1, 0, 0, 0, 0, 0, 0]], 10);
  expect(pages.map(({ file_id }) => file_id)).toEqual([`${twin}-f`]);
  expect(await db.collection("files").distinct("knowledge_db_id")).toEqual([twin]);

  await deleteKnowledgeBase(stores, twin);
  expect(await checkCollection(stores.milvus, twin)).toBe(false);
});

test("writers and two sweeps side by side: no turn that was taken names what is gone", async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => tempKb()));
  await createConversation(stores, "busy", "ann", "", {});
  const taken = new Set<string>();
  const writer = async (start: number): Promise<void> => {
    for (let at = 0; at < 12; at++) {
      const id = ids[(start + at) % ids.length]!;
      if ((await addTurn(stores, "busy", `${start}-${at}`, "", "q", "a", [], id)).status === "success") taken.add(id);
    }
  };
  await Promise.all([removeOrphans(stores, now, watch), removeOrphans(stores, now, watch), writer(3), writer(5)]);
  const { turns } = (await collection(await stores.mongodb(), "conversations").findOne({ conversation_id: "busy" }))!;
  expect(new Set(turns.map(({ temp_db }) => temp_db))).toEqual(taken);
  for (const id of ids) if (taken.has(id)) expect([id, await isWhole(id)]).toEqual([id, true]);
});
