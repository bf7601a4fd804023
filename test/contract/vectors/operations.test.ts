import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inputOf, recordOf, WeaviateNote } from "../../../src/vectors/records/records.ts";
import { StoreOperations } from "../../../src/vectors/operations/operations.ts";
import {
  anyRecord,
  drained,
  expectEqualStores,
  testVectors,
  DeletedInMemory,
  hostileText,
  milvusStore,
  newTenant,
  vectorOf,
  weaviateStore,
} from "../../support/vectors.ts";
import type { StateFile } from "../../../src/stores/sqlite/state-file.ts";
import { DualWrite } from "../../../src/vectors/dual-write/dual-write.ts";
import { listPhases, type Phase, readPhase, savePhase } from "../../../src/vectors/state/phases.ts";
import type { VectorOperations } from "../../../src/vectors/operations/operations.ts";

interface Subject {
  readonly operations: VectorOperations;
  close(): Promise<void>;
}

const subjects: Record<string, () => Promise<Subject>> = {
  Weaviate: async () => {
    const { store, weaviate } = await weaviateStore();
    return { operations: new StoreOperations(store, new DeletedInMemory()), close: () => weaviate.close() };
  },
  Milvus: async () => {
    const { store, milvus } = await milvusStore();
    return { operations: new StoreOperations(store, new DeletedInMemory()), close: () => milvus.close() };
  },
};

for (const { name, phase, seen } of [
  { name: "DualWrite", phase: "dual_write", seen: "Milvus" },
  { name: "DualWrite in phase full", phase: "full", seen: "Weaviate" },
] as const) {
  subjects[name] = async () => {
    const vectors = await testVectors();
    const { connections } = vectors;
    const dual = new DualWrite(connections.state, connections.stores);
    return {
      operations: phased(dual, (tenant) => inPhase(connections.state, tenant, phase)),
      close: async () => {
        await drained(connections);
        expect(dual.replicator.copied, `copied to ${seen}`).toBeGreaterThan(100);
        for (const { tenant } of await listPhases(connections.state)) await expectEqualStores(connections, tenant);
        await dual.close();
        await vectors.close();
      },
    };
  };
}

/** Puts each tenant into its phase before its first operation. */
function phased(operations: VectorOperations, enter: (tenant: string) => Promise<void>): VectorOperations {
  return new Proxy(operations, {
    get:
      (target, name) =>
      async (tenant: string, ...rest: unknown[]) => {
        if (/^t_[0-9a-f]{8}$/.test(tenant)) await enter(tenant);
        const operation = target[name as keyof VectorOperations] as (...given: unknown[]) => Promise<unknown>;
        return operation.call(target, tenant, ...rest);
      },
  });
}

async function inPhase(state: StateFile, tenant: string, phase: Phase): Promise<void> {
  if ((await readPhase(state, tenant)).phase === phase) return;
  await state.write((db) => savePhase(db, tenant, { phase, readPercent: 0, shadow: false }, []));
}

describe.each(Object.entries(subjects))("operations on %s", (storeName, open) => {
  let subject: Subject;
  let on: VectorOperations;
  beforeAll(async () => {
    subject = await open();
    on = subject.operations;
  });
  afterAll(() => subject?.close());

  const runs = { numRuns: process.env["TEST_FULL"] ? 200 : 15 };

  test("V6, V18: a record that is inserted is there, whole, and inserting it again replaces it", async () => {
    const tenant = newTenant();
    const note = new WeaviateNote({
      uniqueid: "note-123",
      vector: vectorOf(0.1, -0, 1e-40, 3.4e38),
      title: "My Note",
      content: "Note content",
      tags: [{ uniqueid: "tag-1", name: "é😀" }],
      incomingConnections: [],
      created: Number.MAX_SAFE_INTEGER,
    });
    expect(await on.insertRecord(tenant, note)).toBe("note-123");
    expect(await on.getRecordById(tenant, "note-123")).toEqual(inputOf(note));
    await on.insertRecord(tenant, { uniqueid: "note-123", recordType: "note", title: "Other", vector: vectorOf(1) });
    expect(await on.getRecordById(tenant, "note-123")).toEqual({
      uniqueid: "note-123",
      recordType: "note",
      title: "Other",
      vector: vectorOf(1),
    });
    expect(await on.getRecordById(tenant, "no such")).toBeUndefined();
  });

  test("V6: a record without an id gets a UUID", async () => {
    const tenant = newTenant();
    const id = await on.insertRecord(tenant, { title: "x", vector: vectorOf(1) });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await on.getRecordById(tenant, id)).toMatchObject({ title: "x" });
  });

  test("V2, V5, V38: any record of any class comes back as it was written", async () => {
    const tenant = newTenant();
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { minLength: 1, maxLength: 10 }), async (inputs) => {
        const { ids, refused } = await on.upsertRecords(tenant, inputs);
        expect(refused).toEqual([]);
        const wanted = new Map(inputs.map((input) => [recordOf(input).uniqueid, inputOf(recordOf(input))]));
        const found = await on.getRecordsByIds(tenant, ids);
        expect(found).toEqual(ids.map((id) => wanted.get(id)));
        await on.deleteRecordsByIds(tenant, ids);
      }),
      runs,
    );
  });

  test("V2: what is longer than a column of Milvus, and what is not declared, comes back too", async () => {
    const tenant = newTenant();
    const long = {
      uniqueid: "long",
      vector: vectorOf(1),
      recordType: "note",
      title: "é".repeat(70_000),
      content: `${"x".repeat(65_534)}😀needle`,
    };
    const many = {
      incomingConnections: Array.from({ length: 5000 }, (_, at) => `c${at}`),
      own: { deep: [1, 2.5, "x"] },
      note2: "other",
    };
    const record = { ...long, ...many };
    // Weaviate's own schema decides what it takes
    if (storeName !== "Milvus") delete (record as Partial<typeof record>).own;
    await on.insertRecord(tenant, record);
    expect(await on.getRecordById(tenant, "long")).toEqual(record);
    expect(await on.queryByKeyword(tenant, "needle", 5, false)).toEqual([{ uniqueid: "long" }]);
  });

  test("V7: an upsert of many stamps type and device, tells of progress, and takes the last of two of one id", async () => {
    const tenant = newTenant();
    const records = Array.from({ length: 600 }, (_, at) => ({
      uniqueid: `r${at}`,
      name: `n${at}`,
      vector: vectorOf(1, at),
    }));
    const progress: unknown[] = [];
    const { ids } = await on.upsertRecords(
      tenant,
      [...records, { uniqueid: "r0", name: "last", vector: vectorOf(1) }],
      {
        type: "tag",
        longJobId: "job",
        lastUpdateDevice: "phone",
        lastUpdateDeviceId: "p-1",
        onProgress: (at) => progress.push(at),
      },
    );
    expect(new Set(ids).size).toBe(600);
    expect(progress).toEqual([
      { longJobId: "job", done: 500, of: 600 },
      { longJobId: "job", done: 600, of: 600 },
    ]);
    expect(await on.getRecordById(tenant, "r0")).toMatchObject({
      name: "last",
      recordType: "tag",
      lastUpdateDevice: "phone",
      lastUpdateDeviceId: "p-1",
    });
  });

  test("V8, V9: updates change what they name, null takes away, and the new vector stays", async () => {
    const tenant = newTenant();
    const record = { uniqueid: "u", recordType: "note", title: "a", content: "b", vector: vectorOf(1) };
    await on.insertRecord(tenant, record);
    expect(await on.updateRecordVector(tenant, "u", vectorOf(0, 1), { title: "c" })).toBe(true);
    expect(await on.getRecordById(tenant, "u")).toEqual({ ...record, title: "c", vector: vectorOf(0, 1) });
    expect(await on.updateRecordMetadata(tenant, "u", { content: null, filePath: "/x" })).toBe(true);
    const { content: _, ...left } = record;
    expect(await on.getRecordById(tenant, "u")).toEqual({
      ...left,
      title: "c",
      filePath: "/x",
      vector: vectorOf(0, 1),
    });
    expect(await on.updateRecordMetadata(tenant, "nobody", { title: "x" })).toBe(false);
    expect(await on.getRecordById(tenant, "nobody")).toBeUndefined();
  });

  test("V9: updates of different properties at once are all kept", async () => {
    const tenant = newTenant();
    await on.insertRecord(tenant, { uniqueid: "u", recordType: "misc", vector: vectorOf(1) });
    const names = ["date", "content", "foreignId", "miscData", "startId", "endId"];
    await Promise.all(names.map((name) => on.updateRecordMetadata(tenant, "u", { [name]: name })));
    expect(await on.getRecordById(tenant, "u")).toMatchObject(Object.fromEntries(names.map((name) => [name, name])));
  });

  test("V10, V11, V12, V19: deleted records are gone, and are told of with their path", async () => {
    const tenant = newTenant();
    const other = newTenant();
    await on.upsertRecords(
      tenant,
      ["a", "b", "c", "d"].map((uniqueid) => ({ uniqueid, vector: vectorOf(1) })),
    );
    await on.insertRecord(other, { uniqueid: "kept", vector: vectorOf(1) });
    await on.deleteRecord(tenant, "a", "note", "s3/a");
    await on.deleteRecord(tenant, "a");
    await on.deleteRecordsByIds(tenant, ["b", "missing"], "tag", ["s3/b"]);
    expect((await on.getRecordsByIds(tenant, ["a", "b", "c", "d"])).map(({ uniqueid }) => uniqueid)).toEqual([
      "c",
      "d",
    ]);
    const { deleted_results } = await on.syncByLastModified(tenant, Date.now(), null);
    expect(deleted_results).toContainEqual(
      expect.objectContaining({ uniqueid: "b", recordType: "tag", s3_path: "s3/b", tenantName: tenant }),
    );
    await on.deleteAllRecords(tenant);
    expect(await on.getMostRecentRecords(tenant)).toEqual([]);
    const all = await on.syncByLastModified(tenant, Date.now(), null);
    expect(all.deleted_results.map(({ uniqueid }) => uniqueid)).toEqual(expect.arrayContaining(["c", "d"]));
    expect(await on.getRecordById(other, "kept")).toBeDefined();
    await on.insertRecord(tenant, { uniqueid: "again", vector: vectorOf(1) });
    expect(await on.getRecordById(tenant, "again")).toBeDefined();
  });

  test("V13: the nearest come first, those below the similarity are left out, vectors are there when they are asked for", async () => {
    const tenant = newTenant();
    await on.upsertRecords(tenant, [
      { uniqueid: "same", vector: vectorOf(2, 0) },
      { uniqueid: "near", vector: vectorOf(1, 1) },
      { uniqueid: "right angle", vector: vectorOf(0, 1) },
      { uniqueid: "opposite", vector: vectorOf(-1) },
    ]);
    const found = await on.queryByVector(tenant, vectorOf(1), { includeVector: true });
    expect(found.map(({ uniqueid }) => uniqueid)).toEqual(["same", "near"]);
    expect(found[0]).toMatchObject({ vector: vectorOf(2, 0) });
    expect(found[0]!.score).toBeCloseTo(1, 5);
    expect(found[1]!.score).toBeCloseTo((1 + Math.SQRT1_2) / 2, 5);
    const [only] = await on.queryByVector(tenant, vectorOf(1), { topK: 1, similarity: 0 });
    expect(only).not.toHaveProperty("vector");
    const all = await on.queryByVector(tenant, vectorOf(1, 0.01), { similarity: 0 });
    expect(all.map(({ uniqueid }) => uniqueid)).toEqual(["same", "near", "right angle", "opposite"]);
    await expect(on.queryByVector(tenant, vectorOf(1), { similarity: 2 })).rejects.toThrow("from 0 to 1");
  });

  test("V14, V20: a keyword is found as it is written, in title or content, whatever its characters", async () => {
    const tenant = newTenant();
    const titles = [
      "100%",
      "a_b",
      "aXb",
      'q"q',
      "it's",
      "back\\slash",
      "a\nb",
      "a*b",
      "a?b",
      "Foo Bar",
      "foo bar",
      "\\",
      "%",
      "été",
    ];
    await on.upsertRecords(
      tenant,
      titles.map((text, at) => ({ uniqueid: `k${at}`, [at % 2 ? "title" : "content"]: text, vector: vectorOf(1) })),
    );
    for (const keyword of [...titles, "_", "%", "oo B", "zzz", " "]) {
      const found = await on.queryByKeyword(tenant, keyword, 100);
      const texts = found.map(({ title, content }) => String(title ?? content)).toSorted();
      expect([keyword, texts]).toEqual([keyword, titles.filter((text) => text.includes(keyword)).toSorted()]);
    }
    expect(await on.queryByKeyword(tenant, "foo bar", 5, false)).toEqual([{ uniqueid: "k10" }]);
  });

  test("V15, V20: filters find exactly what equals them, and connected records come behind", async () => {
    const tenant = newTenant();
    const values = ["a", "A", " a", "a b", "%", '"', "\\", ""];
    await on.upsertRecords(tenant, [
      ...values.map((name, at) => ({ uniqueid: `f${at}`, recordType: "tag", name, vector: vectorOf(1) })),
      {
        uniqueid: "n1",
        recordType: "note",
        tagIds: ["t1", "t 2"],
        outgoingConnections: ["f0", "n1", "gone"],
        incomingConnections: ["f1"],
        created: 5,
        vector: vectorOf(1),
      },
      { uniqueid: "n2", recordType: "note", tagIds: ["t3"], vector: vectorOf(1) },
    ]);
    const ids = async (filter: object, connected = false): Promise<string[]> =>
      (await on.queryByFilter(tenant, filter, 50, connected)).map(({ uniqueid }) => uniqueid);
    for (const [at, name] of values.entries()) expect([name, await ids({ name })]).toEqual([name, [`f${at}`]]);
    expect((await ids({ name: ["a", "%"] })).toSorted()).toEqual(["f0", "f4"]);
    expect(await ids({ tagIds: ["t 2", "nope"] })).toEqual(["n1"]);
    expect(await ids({ tagIds: "t3", recordType: "note" })).toEqual(["n2"]);
    expect(await ids({ created: 5 })).toEqual(["n1"]);
    expect(await ids({ recordType: "note", created: 6 })).toEqual([]);
    expect(await ids({ name: [] })).toEqual([]);
    expect(await ids({ recordType: "note", created: 5 }, true)).toEqual(["n1", "f1", "f0"]);
    await expect(on.queryByFilter(tenant, { nothing: "x" } as object)).rejects.toThrow("no field");
  });

  test("V16: the most recent are exactly the newest, ties by id, those without a date last", async () => {
    const tenant = newTenant();
    const dates = [5, 5, 9, -3, null, 7, 5, 1_900_000_000_000, null];
    await on.upsertRecords(
      tenant,
      dates.map((lastModified, at) => ({ uniqueid: `d${at}`, lastModified, vector: vectorOf(1) })),
    );
    const ids = (await on.getMostRecentRecords(tenant, 20)).map(({ uniqueid }) => uniqueid);
    expect(ids).toEqual(["d7", "d2", "d5", "d0", "d1", "d6", "d3", "d4", "d8"]);
    expect((await on.getMostRecentRecords(tenant, 4)).map(({ uniqueid }) => uniqueid)).toEqual(ids.slice(0, 4));
  });

  test("V17: records come in the order of the ids, those that are not there are left out", async () => {
    const tenant = newTenant();
    const upper = "0A1B2C3D-0000-4000-8000-00000000ABCD";
    await on.upsertRecords(
      tenant,
      ["x", upper].map((uniqueid) => ({ uniqueid, vector: vectorOf(1) })),
    );
    const found = await on.getRecordsByIds(tenant, [upper, "none", "x", upper.toLowerCase()]);
    expect(found.map(({ uniqueid }) => uniqueid)).toEqual([upper.toLowerCase(), "x", upper.toLowerCase()]);
  });

  test("V19: a sync gets what changed from a minute before the cursor on, oldest first, page by page", async () => {
    const tenant = newTenant();
    const cursor = 1_700_000_000_000;
    const dates = [-60_001, -60_000, -1, 0, 5, 5, 9];
    await on.upsertRecords(
      tenant,
      dates.map((after, at) => ({
        uniqueid: `s${at}`,
        lastModified: cursor + after,
        lastUpdateDeviceId: "me",
        vector: vectorOf(1),
      })),
    );
    const page = async (limit: number, offset: number): Promise<string[]> => {
      const { results } = await on.syncByLastModified(tenant, new Date(cursor), "me", limit, offset);
      return results.map(({ uniqueid }) => uniqueid);
    };
    expect(await page(100, 0)).toEqual(["s1", "s2", "s3", "s4", "s5", "s6"]);
    expect(await page(2, 3)).toEqual(["s4", "s5"]);
  });

  test("V20: whatever keywords, ids and values look like, nothing of another tenant is read or deleted", async () => {
    const [mine, others] = [newTenant(), newTenant()];
    const kept = { uniqueid: "kept", title: "secret", name: "secret", lastModified: 1, vector: vectorOf(1) };
    await on.insertRecord(others, kept);
    await on.insertRecord(mine, { uniqueid: "mine", title: "own", vector: vectorOf(1) });
    await fc.assert(
      fc.asyncProperty(
        hostileText.filter((text) => text !== ""),
        async (text) => {
          const seen = [
            ...(await on.queryByKeyword(mine, text, 50)),
            ...(await on.queryByFilter(mine, { name: text, tagIds: [text] }, 50)),
            ...(await on.getRecordsByIds(mine, [text, "kept"])),
          ];
          expect(seen.filter(({ uniqueid }) => uniqueid === "kept")).toEqual([]);
          await on.deleteRecordsByIds(
            mine,
            [text, "kept"].filter((id) => id !== "mine"),
          );
        },
      ),
      runs,
    );
    await on.deleteAllRecords(mine);
    expect(await on.getRecordById(others, "kept")).toMatchObject({ title: "secret" });
    expect(await on.getMostRecentRecords(mine)).toEqual([]);
  });

  test("V20: tenants may have records of the same ids", async () => {
    const tenants = [newTenant(), newTenant(), newTenant()];
    const ids = ["same", "x\u001fy", "5f9c1b52-6f0c-4d9e-8c0a-0d2b8f1f3a11", `same\u001f${tenants[1]!}`];
    const write = (tenant: string, title: string): Promise<unknown> =>
      on.upsertRecords(
        tenant,
        ids.map((uniqueid) => ({ uniqueid, title, vector: vectorOf(1) })),
      );
    for (const tenant of tenants) await write(tenant, `of ${tenant}`);
    await on.deleteRecordsByIds(tenants[0]!, ids);
    await write(tenants[1]!, "second");
    for (const [tenant, title] of [
      [tenants[1]!, "second"],
      [tenants[2]!, `of ${tenants[2]!}`],
    ] as const) {
      const found = await on.getMostRecentRecords(tenant, 50);
      expect(found.map(({ uniqueid }) => uniqueid).toSorted()).toEqual(ids.toSorted());
      expect(found.map((record) => record.title)).toEqual(ids.map(() => title));
    }
    expect(await on.getRecordsByIds(tenants[0]!, ids)).toEqual([]);
    await on.deleteAllRecords(tenants[2]!);
    expect(await on.getRecordsByIds(tenants[1]!, ids)).toHaveLength(4);
  });

  test("V20: a name that is no tenant's touches nothing", async () => {
    await fc.assert(
      fc.asyncProperty(
        hostileText.filter((text) => !/^[\w-]{1,64}$/.test(text)),
        async (tenant) => {
          await expect(on.insertRecord(tenant, { uniqueid: "x", vector: vectorOf(1) })).rejects.toThrow(
            "no name of a tenant",
          );
          await expect(on.deleteAllRecords(tenant)).rejects.toThrow("no name of a tenant");
          await expect(on.getRecordById(tenant, "x")).rejects.toThrow("no name of a tenant");
        },
      ),
      runs,
    );
  });

  test("bad input touches nothing", async () => {
    const tenant = newTenant();
    const good = { uniqueid: "good", vector: vectorOf(1) };
    for (const bad of [
      { title: 5 },
      { created: 1.5 },
      { title: "\ud800" },
      { vector: [Number.NaN] },
      { uniqueid: "x".repeat(1001) },
      { tenantName: "t" },
    ])
      await expect(on.upsertRecords(tenant, [good, { vector: vectorOf(1), ...bad } as never])).rejects.toThrow();
    await expect(on.getMostRecentRecords(tenant, 0)).rejects.toThrow("limit");
    expect(await on.getRecordById(tenant, "good")).toBeUndefined();
  });
});
