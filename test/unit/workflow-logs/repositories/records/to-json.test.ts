import { expect, test } from "vitest";
import { toJson } from "../../../../../src/workflow-logs/repositories/records/to-json.ts";

test("bigints, and numbers that JSON has not, become what JSON can hold; all else stays", () => {
  const run = {
    totalTokens: 1234n,
    most: 2n ** 63n - 1n,
    elapsedTime: Number.NaN,
    seconds: [Number.POSITIVE_INFINITY, 0.1],
    outputs: '{"a": 1.0, "a": NaN}',
    error: null,
    nested: { when: "2025-10-31T23:59:59.999999Z", none: undefined, ok: true },
  };
  expect(toJson(run)).toEqual({
    ...run,
    totalTokens: 1234,
    most: "9223372036854775807",
    elapsedTime: "NaN",
    seconds: ["Infinity", 0.1],
  });
  expect(JSON.parse(JSON.stringify(toJson([run])))[0].most).toBe("9223372036854775807");
  expect(toJson(null)).toBe(null);
  expect(toJson([2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) + 1n])).toEqual([
    2 ** 53 - 1,
    "9007199254740992",
    -(2 ** 53) + 1,
  ]);
});
