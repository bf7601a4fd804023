import fc from "fast-check";
import { BSON } from "mongodb";
import { expect, test } from "vitest";
import { behind, exactDocument } from "../../../src/layra/backup/adapters/bson.ts";
import { Digest, packed, unpacked } from "../../../src/layra/backup/frames.ts";
import { keptIds, parseKeep } from "../../../src/layra/backup/retention.ts";

test("records of any bytes are unpacked as they were packed; what is cut or changed is refused", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), async (records) => {
      const content = await packed(records);
      const back = await unpacked("part", content);
      expect(back.map((one) => [...one])).toEqual(records.map((one) => [...one]));
      if (content.length > 0)
        await expect(unpacked("part", content.subarray(0, -1))).rejects.toMatchObject({ code: "damaged_part" });
    }),
    { numRuns: 50 },
  );
});

test("a digest is that of the records in any order, and of their number", () => {
  const of = (...records: string[]): string => {
    const digest = new Digest();
    for (const record of records) digest.add(Buffer.from(record));
    return digest.toString();
  };
  expect(of("a", "b", "b")).toBe(of("b", "a", "b"));
  expect(of("a", "b")).not.toBe(of("a", "b", "b"));
  expect(of("a", "a")).not.toBe(of("b", "b"));
  const sum = new Digest();
  for (const part of [of("a"), of("b", "c")]) sum.addDigest(part);
  expect(sum.toString()).toBe(of("a", "b", "c"));
  expect(of()).toBe("0".repeat(64));
});

test("a document of BSON is serialised to the same bytes: types of numbers, the order of names, also of those that look like indexes", () => {
  const documents = [
    {
      a: new BSON.Int32(1),
      b: new BSON.Double(1),
      c: BSON.Long.fromNumber(1),
      d: BSON.Decimal128.fromString("1.0"),
      e: -0,
      f: new Date(5),
      g: /x/i,
      h: null,
    },
    new Map<string, unknown>([
      ["b", 1],
      ["2", new BSON.Double(2)],
      [
        "1",
        new Map<string, unknown>([
          [
            "9",
            [
              new Map([
                ["5", 1],
                ["4", 2],
              ]),
            ],
          ],
          ["0", "y"],
        ]),
      ],
    ]),
    new Map<string, unknown>([
      ["__proto__", 1],
      ["x", new BSON.Binary(Buffer.from([1]))],
    ]),
    {
      empty: {},
      list: [],
      deep: [[{ a: [1] }]],
      ts: new BSON.Timestamp({ t: 1, i: 2 }),
      id: new BSON.ObjectId(),
      code: new BSON.Code("x"),
    },
  ];
  for (const document of documents) {
    const bytes = Buffer.from(BSON.serialize(document as BSON.Document));
    expect(Buffer.from(BSON.serialize(exactDocument(BSON, bytes))).toString("hex")).toBe(bytes.toString("hex"));
  }
});

test("behind an id come larger ones of its type, and all of the types that sort later", () => {
  expect(behind({ id: "a" })["$or"].slice(0, 3)).toEqual([
    { _id: { $gt: "a" } },
    { _id: { $type: "object" } },
    { _id: { $type: "binData" } },
  ]);
  expect(behind({ id: new BSON.Int32(1) })["$or"]).toContainEqual({ _id: { $type: "string" } });
  expect(behind({ id: new BSON.ObjectId() })["$or"]).not.toContainEqual({ _id: { $type: "string" } });
  expect(behind({ id: null })["$or"]).toContainEqual({ _id: { $type: "number" } });
});

const day = (date: string): string => `${date}T020000Z`;
const nightly = Array.from({ length: 800 }, (_, at) =>
  day(new Date(Date.UTC(2026, 0, 28) - at * 86_400_000).toISOString().slice(0, 10)),
);

test("--keep 7d,4w,12m keeps the newest of each of the last 7 days, 4 weeks and 12 months", () => {
  const kept = [...keptIds(nightly, parseKeep("7d,4w,12m")!)].toSorted().toReversed();
  expect(kept.slice(0, 7)).toEqual(nightly.slice(0, 7));
  // Sundays end weeks
  expect(kept).toEqual(expect.arrayContaining(["2026-01-25", "2026-01-18", "2026-01-11"].map(day)));
  expect(kept).toEqual(expect.arrayContaining(["2025-12-31", "2025-11-30", "2025-02-28"].map(day)));
  expect(kept).not.toContain(day("2025-01-31"));
  expect(kept).toHaveLength(7 + 2 + 11); // one of the weeks' ends lies in the 7 days
});

test("the newest backup stays whatever the rules say, also when it is old", () => {
  expect([...keptIds([day("2020-01-01"), day("2019-01-01")], parseKeep("1d")!)]).toEqual([day("2020-01-01")]);
  expect(keptIds(nightly, [])).toEqual(new Set([nightly[0]]));
  expect(keptIds([], parseKeep("7d")!)).toEqual(new Set());
});

test.each(["", "7", "d", "7y", "0d", "7d,", "-1d"])("%j is no rule", (text) => {
  expect(parseKeep(text)).toBeUndefined();
});
