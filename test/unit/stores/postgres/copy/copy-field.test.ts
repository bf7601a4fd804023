import fc from "fast-check";
import { expect, test } from "vitest";
import { copyField } from "../../../../../src/stores/postgres/copy/copy-in.ts";
import { readField } from "./read-field.ts";

const hostile = fc.constantFrom("\\N", "\\.", "\\", "\t", "\n", "\r", "\\t", "\\x41", "\\101", "\b\f\v", "N", "");

test("any text is read back as it was, and is never NULL", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(hostile, { maxLength: 5 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(readField(copyField(text))).toBe(text);
      expect(copyField(text)).not.toBe("\\.");
    }),
    { numRuns: 1000 },
  );
});

test("NULL", () => {
  expect(readField(copyField(null))).toBeNull();
});
