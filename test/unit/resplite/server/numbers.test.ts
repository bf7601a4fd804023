import { expect, test } from "vitest";
import { addInt64, negateInt64, parseInt64 } from "../../../../src/resplite/data/integers.ts";
import { floatText } from "../../../../src/resplite/server/protocol/float-text.ts";
import { parseScore } from "../../../../src/resplite/server/protocol/parse-float.ts";
import { matchesGlob } from "../../../../src/resplite/server/glob.ts";

const b = (text: string): Buffer => Buffer.from(text, "latin1");

test("integers are read as strictly as Redis reads them, within 64 bits", () => {
  const read = (text: string): unknown => parseInt64(b(text));
  expect(["0", "-1", "123", "999999999999999"].map(read)).toEqual([0, -1, 123, 999_999_999_999_999]);
  expect(read("9007199254740993")).toBe(9_007_199_254_740_993n);
  expect(read("9223372036854775807")).toBe(2n ** 63n - 1n);
  expect(read("-9223372036854775808")).toBe(-(2n ** 63n));
  const refused = [
    "",
    "-",
    "-0",
    "+1",
    "01",
    " 1",
    "1 ",
    "1.0",
    "0x1",
    "1e3",
    "9223372036854775808",
    "-9223372036854775809",
    "1\0",
  ];
  expect(refused.map(read)).toEqual(refused.map(() => undefined));
});

test("sums are exact beyond 2^53 and undefined beyond 64 bits", () => {
  expect(addInt64(Number.MAX_SAFE_INTEGER, 2)).toBe(9_007_199_254_740_993n);
  expect(addInt64(2n ** 63n - 1n, -1)).toBe(2n ** 63n - 2n);
  expect(addInt64(9_007_199_254_740_993n, -10)).toBe(9_007_199_254_740_983);
  expect(addInt64(2n ** 63n - 1n, 1)).toBeUndefined();
  expect(addInt64(-(2n ** 63n), -1)).toBeUndefined();
  expect(negateInt64(-(2n ** 63n))).toBeUndefined();
  expect(negateInt64(5)).toBe(-5);
  expect(negateInt64(0)).toBe(0);
});

/** Written by printf("%.17g"). */
const printed: [number, string][] = [
  [0, "0"],
  [-0, "-0"],
  [3, "3"],
  [0.1, "0.10000000000000001"],
  [1.5, "1.5"],
  [-2.25, "-2.25"],
  [1e16, "10000000000000000"],
  [1e17, "1e+17"],
  [123456789012345680, "1.2345678901234568e+17"],
  [1e300, "1.0000000000000001e+300"],
  [0.0001, "0.0001"],
  [0.00001, "1.0000000000000001e-05"],
  [5e-324, "4.9406564584124654e-324"],
  [Infinity, "inf"],
  [-Infinity, "-inf"],
];

test.each(printed)("R9: the double %d is written as Redis 7.0 writes it", (value, text) => {
  expect(floatText(value)).toBe(text);
  expect(Object.is(parseScore(b(text)), value)).toBe(true);
});

test("R9: scores are read as C reads them, and what Redis refuses is refused", () => {
  const read = (text: string): number => parseScore(b(text));
  expect(["+3", ".5", "5.", "1e3", "-1E-2", "0x10", "0x1.8p1", "INF", "-infinity"].map(read)).toEqual([
    3,
    0.5,
    5,
    1000,
    -0.01,
    16,
    3,
    Infinity,
    -Infinity,
  ]);
  const refused = ["", " 1", "1 ", "nan", "1e400", "-1e400", "1e-400", "abc", "1,5", "--1", "0x", "e5", "1_0"];
  expect(refused.map(read)).toEqual(refused.map(() => Number.NaN));
});

const globs: [pattern: string, text: string, matches: boolean][] = [
  ["*", "", true],
  ["", "", true],
  ["", "a", false],
  ["h?llo", "hello", true],
  ["h*llo", "heeeello", true],
  ["h[ae]llo", "hillo", false],
  ["h[^e]llo", "hallo", true],
  ["h[b-a]llo", "hallo", true],
  ["a\\*", "a*", true],
  ["a\\*", "ab", false],
  ["[a", "a", true],
  ["[\\]]", "]", true],
  ["*a*b*c", "xxaxxbxxc", true],
  ["*a*b*c", "xxaxxbxx", false],
  ["\xff*", "\xff\0", true],
  ["key:*:[0-9]", "key:a:b:7", true],
  ["\\", "\\", true],
];

test.each(globs)("R11: pattern %j and key %j", (pattern, text, matches) => {
  expect(matchesGlob(b(pattern), b(text))).toBe(matches);
});

test("R11: a pattern of many stars does not take for ever", () => {
  expect(matchesGlob(b(`${"a*".repeat(50)}b`), b("a".repeat(2_000)))).toBe(false);
});
