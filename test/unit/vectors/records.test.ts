import { describe, expect, test } from "vitest";
import { classFields, fieldNames, recordTypes } from "../../../src/vectors/records/fields.ts";
import { canonicalId, weaviateId } from "../../../src/vectors/records/ids.ts";
import {
  GeneralWeaviateRecord,
  recordOf,
  WeaviateDailyNote,
  WeaviateMisc,
  WeaviateNote,
  WeaviateNoteBody,
  WeaviateTag,
} from "../../../src/vectors/records/records.ts";
import {
  milvusSpec,
  primaryKeys,
  recordOfRow,
  rowOf,
  uniqueidOf,
} from "../../../src/vectors/operations/milvus-rows.ts";
import { objectOf, recordOfObject, weaviateSpec } from "../../../src/vectors/operations/weaviate-objects.ts";
import { fitVector } from "../../../src/vectors/operations/fit-vector.ts";

const classes = {
  note: WeaviateNote,
  tag: WeaviateTag,
  misc: WeaviateMisc,
  noteBody: WeaviateNoteBody,
  daily_note: WeaviateDailyNote,
};

describe("dicts", () => {
  test("V1, V2: each of the six classes makes a flat dict with every property of the class", () => {
    for (const recordType of recordTypes) {
      const dict = new classes[recordType]({ uniqueid: "x", vector: [1], recordType: "ignored" }).toMilvusDict("t");
      expect(Object.keys(dict).toSorted()).toEqual(
        ["uniqueid", "vector", "tenantName", ...classFields[recordType]].toSorted(),
      );
      expect(dict).toMatchObject({ uniqueid: "x", vector: [1], tenantName: "t", recordType });
      expect(
        Object.values(dict).every((value) => value === null || typeof value !== "object" || Array.isArray(value)),
      ).toBe(true);
    }
    const general = new GeneralWeaviateRecord({ uniqueid: "g", title: "t", own: { a: 1 } });
    expect(general.toMilvusDict("t")).toEqual({
      uniqueid: "g",
      vector: null,
      tenantName: "t",
      title: "t",
      own: { a: 1 },
    });
  });

  test("V1: the example of the specification", () => {
    const note = new WeaviateNote({
      uniqueid: "note-123",
      vector: Array.from({ length: 384 }, () => 0.1),
      title: "My Note",
      content: "Note content",
    });
    expect(note.toMilvusDict("my-tenant")).toMatchObject({
      uniqueid: "note-123",
      tenantName: "my-tenant",
      title: "My Note",
      content: "Note content",
    });
  });

  test("V5: tags are the text of their JSON once, tagIds null or a list, the record's own id wins", () => {
    const tags = [{ uniqueid: "t1", name: "a" }, { uniqueid: "t2" }];
    for (const given of [tags, JSON.stringify(tags), JSON.stringify(JSON.stringify(tags))]) {
      const note = new WeaviateNote({ uniqueid: "own", tags: given });
      expect(note.toMilvusDict("t")).toMatchObject({
        uniqueid: "own",
        tags: JSON.stringify(tags),
        tagIds: ["t1", "t2"],
      });
      expect(note.properties.tags).toEqual(tags);
    }
    expect(new WeaviateNote({ tagIds: "one" as never }).toMilvusDict("t")).toMatchObject({ tagIds: ["one"] });
    expect(new WeaviateNote({ tagIds: [] }).toMilvusDict("t")).toMatchObject({ tagIds: null });
    expect(new WeaviateNote({ tags: { a: 1 } }).toMilvusDict("t")).toMatchObject({ tags: '{"a":1}', tagIds: null });
    expect(new WeaviateNote({ incomingConnections: [] }).toMilvusDict("t")).toMatchObject({
      incomingConnections: [],
      outgoingConnections: null,
    });
  });

  test("V2: vectors may be objects, become float32, and a body's type is note or journal", () => {
    expect(new WeaviateNote({ vector: { 0: 0.1, 1: 2 } }).vector).toEqual([Math.fround(0.1), 2]);
    expect(new WeaviateNote({ vector: new Float32Array([0.1]) }).vector).toEqual([Math.fround(0.1)]);
    expect(new WeaviateNoteBody({ type: "x" }).properties.type).toBe("note");
    expect(new WeaviateNoteBody({ type: "journal" }).properties.type).toBe("journal");
  });

  test("making a record again from its dict changes nothing", () => {
    const note = new WeaviateNote({
      uniqueid: "x",
      vector: [1],
      tags: ["[1]", '"x"'],
      created: "9007199254740993" as never,
    });
    const { tenantName: _, ...dict } = note.toMilvusDict("t");
    expect(recordOf(dict as never)).toEqual(note);
    expect(note.properties.created).toBe(9_007_199_254_740_993n);
  });

  test("values that would not come back as they are, are refused", () => {
    const bad: Record<string, unknown>[] = [
      { title: 1 },
      { title: "\ud800" },
      { created: 1.5 },
      { created: 2 ** 60 },
      { created: "9223372036854775808" },
      { tagIds: [1] },
      { vector: [Number.POSITIVE_INFINITY] },
      { vector: [1e39] },
      { uniqueid: "" },
      { uniqueid: "x".repeat(901) },
      { uniqueid: 5 },
      { tenantName: "t" },
      { overflow: "x" },
    ];
    for (const input of bad)
      expect(() => recordOf(input), JSON.stringify(input)).toThrow(expect.objectContaining({ code: "invalid_record" }));
  });
});

describe("ids", () => {
  test("V26: the object's id is the uniqueid when it is a UUID, else version 5 of it, and the property keeps the original", () => {
    expect(weaviateId("0A1B2C3D-0000-4000-8000-00000000ABCD")).toBe("0a1b2c3d-0000-4000-8000-00000000abcd");
    expect(weaviateId("www.example.com")).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(weaviateId("note-123")).not.toBe(weaviateId("note-124"));
    expect(canonicalId("note-ABC")).toBe("note-ABC");
    const object = objectOf(new WeaviateNote({ uniqueid: "note-123" }));
    expect(object).toMatchObject({ id: weaviateId("note-123"), properties: { uniqueid: "note-123" } });
    expect(recordOfObject(object).uniqueid).toBe("note-123");
  });

  test("V5: an object whose uniqueid belongs to another goes by its own id", () => {
    const id = "0a1b2c3d-0000-4000-8000-00000000abcd";
    expect(recordOfObject({ id, properties: { uniqueid: "other" }, vector: null }).uniqueid).toBe(id);
    expect(recordOfObject({ id, properties: {}, vector: null }).uniqueid).toBe(id);
  });

  test("V20: primary keys of tenants differ, and each leads back to its id", () => {
    for (const id of ["x", "x\u001ft", "\u001f", "t\u001ft\u001ft"])
      for (const key of primaryKeys(id, "t")) expect(uniqueidOf({ uniqueid: key, tenantName: "t" })).toBe(id);
    expect(primaryKeys("x\u001ft", "u")).not.toContain(primaryKeys("x", "t")[1]);
  });
});

describe("one schema", () => {
  test("V3: the collection has uniqueid for its key, the vector, and tenantName for its partition key", () => {
    const spec = milvusSpec("notes", 768);
    expect(spec).toMatchObject({
      primaryKey: { name: "uniqueid", type: "VarChar" },
      vector: { name: "vector", dimension: 768 },
      partitionKey: { name: "tenantName", type: "VarChar" },
    });
    expect(spec.columns.map(({ name }) => name)).toEqual([...fieldNames, "overflow"]);
  });

  test("V28: Weaviate's properties are the same fields", () => {
    expect(weaviateSpec("Notes").properties.map(({ name }) => name)).toEqual(["uniqueid", ...fieldNames]);
  });

  test("V2: rows carry records whole, with and without nulls, whatever the length of their texts and lists", () => {
    const record = recordOf({
      uniqueid: "r",
      vector: [1, 2],
      recordType: "note",
      title: "",
      content: "😀".repeat(50_000),
      created: 0,
      incomingConnections: Array.from({ length: 9000 }, (_, at) => String(at)),
      outgoingConnections: ["x".repeat(70_000), ""],
      own: { a: [1] },
    });
    for (const hasNulls of [true, false]) {
      const row = rowOf(record, "t", { primaryKey: "r", dimension: 2, hasNulls });
      for (const value of Object.values(row))
        for (const text of Array.isArray(value) ? value : [value])
          if (typeof text === "string") expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_535);
      expect(recordOfRow(JSON.parse(JSON.stringify(row)) as never)).toEqual(record);
    }
  });
});

test("V4: a vector of another length is an error, padded or cut as the policy says, and never in silence", () => {
  const [short, long, none] = [[1], [1, 2, 3], null].map((vector) => recordOf({ uniqueid: "x", vector }));
  for (const record of [short!, long!, none!])
    expect(() => fitVector(record, 2, "error")).toThrow(expect.objectContaining({ code: "dimension_mismatch" }));
  expect(fitVector(short!, 2, "pad").vector).toEqual([1, 0]);
  expect(fitVector(none!, 2, "pad").vector).toEqual([0, 0]);
  expect(fitVector(long!, 2, "truncate").vector).toEqual([1, 2]);
  expect(() => fitVector(long!, 2, "pad")).toThrow("The vector has 3 numbers, and the collection in Milvus 2.");
  expect(() => fitVector(short!, 2, "truncate")).toThrow();
});
