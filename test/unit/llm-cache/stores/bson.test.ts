import { Decimal128, ObjectId } from "mongodb";
import { expect, test } from "vitest";
import { parseRecord } from "../../../../src/llm-cache/entries/cache-entry.ts";
import { textOf, toBson, UnstorableError } from "../../../../src/llm-cache/stores/bson.ts";

test("integers of 64 bits keep their digits on the way there and back (K38)", () => {
  const text =
    '{"return":"x","queryparam":{"id":9007199254740993,"least":-9223372036854775808},"create_time":2200000000}';
  const document = toBson(parseRecord(text));
  expect(document["queryparam"]).toEqual({ id: 9007199254740993n, least: -(2n ** 63n) });
  expect(document["create_time"]).toBe(2_200_000_000n);
  expect(textOf(document)).toBe(text);
});

test("what MongoDB has no value for is refused, never changed", () => {
  for (const queryparam of ["123456789012345678901", "1e400", '"\\ud800"', '{"\\udc00":1}']) {
    expect(() => toBson(parseRecord(`{"queryparam":{"a":${queryparam}}}`))).toThrow(UnstorableError);
  }
  expect(toBson(parseRecord('{"queryparam":{"a":1e21}}'))["queryparam"]).toEqual({ a: 1e21 });
});

test("what JSON has no value for is refused, never changed", () => {
  for (const value of [
    new Date(0),
    new ObjectId(),
    Decimal128.fromString("1.5"),
    Number.NaN,
    Infinity,
    Buffer.from("x"),
  ]) {
    expect(() => textOf({ return: { deep: [value] } })).toThrow(UnstorableError);
  }
});
