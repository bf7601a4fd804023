import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BulkBodies, BulkBody } from "../../../../../src/stores/elasticsearch/bulk/bulk-body.ts";

function append(body: BulkBody, id: string, document: string): void {
  body.beginRecord();
  const bytes = Buffer.from(`{"index":{"_id":${JSON.stringify(id)}}}\n${document}\n`);
  body.reserve(bytes.length);
  body.buffer.set(bytes, body.length);
  body.length += bytes.length;
}

const record = fc.record({ id: fc.string({ unit: "grapheme" }), document: fc.json() });
const records = fc.array(fc.record({ record, dropped: fc.boolean() }), { maxLength: 20 });

test("gives back each record, document and id, at any starting size and without those dropped", () => {
  fc.assert(
    fc.property(records, fc.nat(200), (all, capacity) => {
      const body = new BulkBody(capacity);
      for (const { record: some, dropped } of all) {
        append(body, some.id, some.document);
        if (dropped) body.dropLastRecord();
      }
      const kept = all.filter(({ dropped }) => !dropped).map((entry) => entry.record);
      expect(body.records).toBe(kept.length);
      const positions = kept.map((_, at) => at);
      expect(positions.map((at) => body.id(at))).toEqual(kept.map(({ id }) => id));
      expect(positions.map((at) => body.document(at).toString())).toEqual(kept.map(({ document }) => document));
      expect(Buffer.concat(positions.map((at) => body.record(at)))).toEqual(body.bytes());
      expect(body.bytes().toString()).toBe(
        kept.map(({ id, document }) => `{"index":{"_id":${JSON.stringify(id)}}}\n${document}\n`).join(""),
      );
    }),
  );
});

test("reserve keeps what is written and never makes the buffer smaller", () => {
  const body = new BulkBody(8);
  append(body, "a", "{}");
  const before = body.bytes().toString();
  const size = body.buffer.length;
  body.reserve(0);
  expect(body.buffer.length).toBe(size);
  body.reserve(1000);
  expect(body.buffer.length).toBeGreaterThanOrEqual(body.length + 1000);
  expect(body.bytes().toString()).toBe(before);
});

test("clear leaves nothing", () => {
  const body = new BulkBody(8);
  append(body, "a", "{}");
  body.clear();
  expect(body.records).toBe(0);
  expect(body.bytes().length).toBe(0);
  append(body, "b", "[]");
  expect(body.id(0)).toBe("b");
});

describe("bodies used again", () => {
  test("come back empty, the same one", () => {
    const bodies = new BulkBodies(1000);
    const body = bodies.take();
    expect(bodies.take()).not.toBe(body);
    append(body, "a", "{}");
    bodies.giveBack(body);
    expect(bodies.take()).toBe(body);
    expect(body.records).toBe(0);
    expect(body.length).toBe(0);
    expect(bodies.take()).not.toBe(body);
  });

  test("one that grew far beyond the usual is let go", () => {
    const bodies = new BulkBodies(1000);
    const body = bodies.take();
    append(body, "a", JSON.stringify("x".repeat(5000)));
    bodies.giveBack(body);
    expect(bodies.take()).not.toBe(body);
  });
});
