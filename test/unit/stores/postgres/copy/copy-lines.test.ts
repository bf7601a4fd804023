import fc from "fast-check";
import { expect, test } from "vitest";
import { CopyLines, joinLines } from "../../../../../src/stores/postgres/copy/copy-lines.ts";
import { readField } from "./read-field.ts";

function fieldOf(json: string): string {
  const lines = new CopyLines();
  const source = Buffer.from(json);
  lines.jsonString(source, 1, source.length - 1);
  const line = lines.end().toString("utf8");
  expect(line.endsWith("\n")).toBe(true);
  return line.slice(0, -1);
}

const hostile = fc.constantFrom(
  "\\N",
  "\\.",
  "\\",
  '"',
  "/",
  "\t",
  "\n",
  "\r",
  "\u0001",
  "\u001f",
  "\b\f\v",
  "\u007f",
  "é杰🎉",
  "a",
);
const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(hostile, { maxLength: 60 }).map((parts) => parts.join("")),
);

test("any JSON string is read back by COPY as it was, and is never NULL nor an end", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const field = fieldOf(JSON.stringify(text));
      expect(readField(field)).toBe(text.toWellFormed());
      expect(field).not.toBe("\\.");
    }),
    { numRuns: 1000 },
  );
});

test("escapes that this program does not write are read too", () => {
  for (const json of [
    '"\\u0041\\/\\u00e9"',
    '"\\ud83c\\udf89"',
    '"a\\u005cN"',
    '"\\u0022\\u000a\\u0009"',
    '"x\\ud800"',
  ])
    expect(readField(fieldOf(json))).toBe((JSON.parse(json) as string).toWellFormed());
});

test("texts of many slices, with escapes at every place", () => {
  for (const size of [32_767, 32_768, 32_769, 200_003]) {
    for (let shift = 0; shift < 7; shift++) {
      const text = `${"x".repeat(shift)}${'\u0001"\\é'.repeat(size / 5)}`;
      expect(readField(fieldOf(JSON.stringify(text)))).toBe(text);
      const dense = `"${"x".repeat(shift)}${"\\u00e9\\u0001".repeat(9000)}"`;
      expect(readField(fieldOf(dense))).toBe(JSON.parse(dense));
    }
  }
});

test("what is no JSON string is an error, and leaves nothing in the line", () => {
  const lines = new CopyLines();
  lines.ascii("1");
  for (const inside of ["a\nb", "a\\", "\\u12"]) {
    const source = Buffer.from(inside);
    expect(() => lines.jsonString(source, 0, source.length), inside).toThrow(SyntaxError);
  }
  lines.null();
  expect(lines.end().toString()).toBe("1\t\\N\n");
});

test("lines stay what they are while others are written, and are joined in their order", () => {
  const lines = new CopyLines();
  const written: Buffer[] = [];
  const expected: string[] = [];
  for (let at = 0; at < 3000; at++) {
    const text = "y".repeat((at * 37) % 500);
    lines.ascii(String(at));
    lines.jsonString(Buffer.from(text), 0, text.length);
    if (at % 7 === 0) {
      lines.drop();
      continue;
    }
    written.push(lines.end());
    expected.push(`${at}\t${text}\n`);
  }
  expect(written.map(String)).toEqual(expected);
  const chunks = [...joinLines(written.filter((_, at) => at % 11 !== 0))];
  expect(Buffer.concat(chunks).toString()).toBe(expected.filter((_, at) => at % 11 !== 0).join(""));
  expect(chunks.length).toBeLessThan(written.length / 5);
});
