import { expect, test } from "vitest";
import { isExactNumber, parseRecord } from "../../../../src/llm-cache/entries/cache-entry.ts";

test("numbers that JavaScript would change keep their digits (K38)", () => {
  const text =
    '{"return":"x","queryparam":{"id":12345678901234567890,"ratio":1.0,"small":5e-324,"plain":7},"create_time":1700000000}';
  const record = parseRecord(text);
  expect(JSON.stringify(record)).toBe(text);
  const param = record["queryparam"] as Record<string, unknown>;
  expect(isExactNumber(param["id"])).toBe(true);
  expect(param["plain"]).toBe(7);
});

test("what is no object is no record", () => {
  for (const text of ["[]", "null", '"text"', "1", "{", ""]) expect(() => parseRecord(text)).toThrow(SyntaxError);
});
