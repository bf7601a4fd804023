import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTable } from "../../../../src/cli/output/table.ts";

const ids = ["0b9c2e1a-7c7c-4a52-9d0e-0a4f8a3f1d22", "0b9c2e1a-7c7d-4a52-9d0e-0a4f8a3f1d22"];
const heads = ["tenant", "rows", "by", "reason"];
const reason = "its index has no assigned replica and is in no snapshot";
const rows = [
  [ids[0], 5, "alice@host", reason],
  [ids[1], 12_345, "bob@host", "busy"],
];

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

describe("a table that is wider than the terminal", () => {
  test("stays as it is where there is room, or no terminal", () => {
    const whole = formatTable(heads, rows);
    expect(whole).toContain(ids[0]!);
    expect(formatTable(heads, rows, { width: widest(whole) })).toBe(whole);
  });

  test("shows ids as far as they differ, then continues the last column below itself, and loses no word", () => {
    const text = formatTable(heads, rows, { width: 60 });
    expect(text.split("\n")).toEqual([
      "tenant           rows  by          reason",
      "0b9c2e1a-7c7c       5  alice@host  its index has no assigned",
      "                                   replica and is in no",
      "                                   snapshot",
      "0b9c2e1a-7c7d  12,345  bob@host    busy",
    ]);
  });

  test("drops the columns named, in their order and no more than it must", () => {
    expect(formatTable(heads, rows, { width: 50, drop: ["by", "rows"] })).not.toContain("alice@host");
    expect(formatTable(heads, rows, { width: 50, drop: ["by", "rows"] })).toContain("12,345");
    expect(formatTable(heads, rows, { width: 35, drop: ["by", "rows"] })).not.toContain("12,345");
  });

  test("fits in every width from the one of its shortest form on", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 120 }), (width) => {
        expect(widest(formatTable(heads, rows, { width, drop: ["by"] }))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

test("a hundred thousand rows cost about a thousand times what a hundred cost", () => {
  const many = Array.from({ length: 100_000 }, (_, row) => [ids[row % 2], row, "someone", reason]);
  expect(formatTable(heads, many, { width: 80 }).split("\n").length).toBeGreaterThan(200_000);
});
