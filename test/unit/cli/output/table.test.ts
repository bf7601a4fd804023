import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { parseSync, Visitor } from "oxc-parser";
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

test("heads of several words stand on several lines before a column is dropped, over their numbers", () => {
  const text = formatTable(["table", "would restore", "in PostgreSQL, about"], [["runs", 5, 1234]], { width: 34 });
  expect(text.split("\n")).toEqual([
    "                         in",
    "         would  PostgreSQL,",
    "table  restore        about",
    "runs         5        1,234",
  ]);
});

test("where no column can go any more each row becomes a list, and no word is lost at any width", () => {
  const text = formatTable(
    ["data type", "bytes", "state", "rows"],
    [
      ["workflow_runs", 5, "copied", 7],
      ["app_logs", 6, "verified", 8],
    ],
    { width: 30 },
  );
  expect(text).toBe(
    "data type  workflow_runs\nbytes      5\nstate      copied\nrows       7\n\ndata type  app_logs\nbytes      6\nstate      verified\nrows       8",
  );
  fc.assert(
    fc.property(fc.integer({ min: 36, max: 120 }), (width) => {
      const words = (of: string): string[] =>
        of
          .split(/\s+/)
          .filter((word) => word !== "")
          .toSorted();
      const shown = formatTable(heads, rows, { width });
      expect(widest(shown)).toBeLessThanOrEqual(width);
      for (const word of words(`${reason} busy 12,345 alice@host bob@host`)) expect(words(shown)).toContain(word);
    }),
  );
  expect(formatTable(["data type", "documents", "state"], [], { width: 20 })).toBe("data type,\ndocuments, state");
});

test("every table of every command is given the width of the terminal", () => {
  const calls = globSync("src/cli/commands/**/*.ts").flatMap((file) => {
    const source = readFileSync(file, "utf8");
    const { program } = parseSync(file, source);
    const found: string[] = [];
    new Visitor({
      CallExpression: ({ callee, start, end }) => {
        if (callee.type === "Identifier" && callee.name === "formatTable") found.push(source.slice(start, end));
      },
    }).visit(program);
    return found.map((text) => [file, text] as const);
  });
  expect(calls.length).toBeGreaterThan(20);
  expect(calls.filter(([, text]) => !/\bwidth\b/.test(text))).toEqual([]);
});

test("a hundred thousand rows cost about a thousand times what a hundred cost", () => {
  const many = Array.from({ length: 100_000 }, (_, row) => [ids[row % 2], row, "someone", reason]);
  expect(formatTable(heads, many, { width: 80 }).split("\n").length).toBeGreaterThan(200_000);
});
