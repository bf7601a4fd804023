import fc from "fast-check";
import { expect, test } from "vitest";

import { type ColumnText, copyLine } from "../../../../dev/sample-logs/copy-text.ts";
import { copyField } from "../../../../src/stores/postgres/copy/copy-in.ts";

const named: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** What PostgreSQL reads, written from its manual and not from the code under test. */
function readField(field: string): ColumnText {
  if (field === "\\N") return null;
  return field.replace(/\\(.)/gs, (_, character: string) => named[character] ?? character);
}

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("\\", "N", "n", ".", "\t", "\n", "\r", "\b", "\v", "\f", "你", "😀") }),
);
const column = fc.option(nasty, { nil: null });

test("a field reads back as what was written", () => {
  fc.assert(
    fc.property(column, (value) => {
      expect(readField(copyField(value))).toBe(value);
    }),
    { numRuns: 2000 },
  );
});

test("a line reads back as its fields, whatever they hold", () => {
  const line = fc.array(column, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(line, (values) => {
      const names = values.map((_, i) => `c${i}`);
      const text = copyLine(Object.fromEntries(values.map((value, i) => [`c${i}`, value])), names);
      expect(text.endsWith("\n")).toBe(true);
      expect(text.slice(0, -1)).not.toMatch(/[\n\r]/);
      expect(text.slice(0, -1).split("\t").map(readField)).toEqual(values);
    }),
  );
});

test("a missing column is an error, not an empty field", () => {
  expect(() => copyLine({ id: "1" }, ["id", "tenant_id"])).toThrow("tenant_id");
});
