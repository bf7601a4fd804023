import { expect, test } from "vitest";
import { formatBytes, formatCount, formatDuration, formatPercent } from "../../../../src/cli/output/format.ts";
import { jsonDocument } from "../../../../src/cli/output/json.ts";
import { printable } from "../../../../src/cli/output/printable.ts";
import { redactor } from "../../../../src/cli/output/redact.ts";
import { formatTable } from "../../../../src/cli/output/table.ts";

test.each([
  [formatCount(0), "0"],
  [formatCount(1_234_567), "1,234,567"],
  [formatCount(9_007_199_254_740_993n), "9,007,199,254,740,993"],
  [formatCount(0.4), "0"],
  [formatBytes(0), "0 B"],
  [formatBytes(5 * 1024 ** 2), "5 MiB"],
  [formatBytes(1.5 * 1024 ** 3), "1.5 GiB"],
  [formatDuration(0), "0ms"],
  [formatDuration(1234), "1.2s"],
  [formatDuration(61_000), "1m 1s"],
  [formatDuration(3_723_000), "1h 2m 3s"],
  [formatPercent(0, 0), "100.00%"],
  [formatPercent(0, 3), "0.00%"],
  [formatPercent(2, 3), "66.66%"],
  [formatPercent(999_999, 1_000_000), "99.99%"],
  [formatPercent(29, 100), "29.00%"],
  [formatPercent(3, 3), "100.00%"],
])("%s is written as %s", (written, expected) => {
  expect(written).toBe(expected);
});

test("text from the data cannot steer the terminal", () => {
  expect(printable("a\u001b[2Jb\u009bc\u202ed\re\u0000")).toBe("a\\u001b[2Jb\\u009bc\\u202ed\\u000de\\u0000");
  expect(printable("tab\tline\n你好 é 👍")).toBe("tab\tline\n你好 é 👍");
});

test("tables align text left and numbers right, wide characters included", () => {
  const rows = [
    ["你好", 5, "x"],
    ["a", 12_345, undefined],
    ["line\nbreak\u001b", 0, "y"],
  ];
  expect(formatTable(["tenant", "rows", "state"], rows).split("\n")).toEqual([
    "tenant              rows  state",
    "你好                   5  x",
    "a                 12,345  -",
    "line break\\u001b       0  y",
  ]);
});

test("a table without rows is its head", () => {
  expect(formatTable(["tenant", "rows"], [])).toBe("tenant  rows");
});

test("a JSON document holds nothing that steers a terminal, and says the same", () => {
  const value = { "a\u009b": "\u001b]0;x\u0007 \u202e \u2028 \u007f \ufeff \\u202e 你好" };
  const text = jsonDocument(value);
  expect(text).toMatch(/^[\x20-\x7e你好]*$/);
  expect(JSON.parse(text)).toEqual(value);
});

test("documents carry every integer exactly", () => {
  const document = JSON.parse(jsonDocument({ small: 5n, big: 9_007_199_254_740_993n, list: [1n], none: null }));
  expect(document).toEqual({ small: 5, big: "9007199254740993", list: [1], none: null });
});

test("secrets are taken out as words, whatever characters they hold", () => {
  const redact = redactor(["p.ss$1", 'quo"te', "elastic"]);
  expect(redact('login p.ss$1, then {"a":"quo\\"te"} by elastic')).toBe(
    'login [secret], then {"a":"[secret]"} by [secret]',
  );
  expect(redact("elasticsearch at pxss$1")).toBe("elasticsearch at pxss$1");
  expect(redactor([])("nothing")).toBe("nothing");
});
