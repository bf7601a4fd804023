import fc from "fast-check";
import { expect, test } from "vitest";
import { copyField } from "../../../../../src/stores/postgres/copy/copy-in.ts";

/**
 * COPY's text format read by its documentation: a backslash makes the next character special, tab ends a field, line
 * end a row.
 */
function readField(field: string): string | null {
  if (field === "\\N") return null;
  const letters: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
  let text = "";
  for (let at = 0; at < field.length; at++) {
    const character = field[at]!;
    if ("\t\n\r".includes(character)) throw new Error(`${JSON.stringify(character)} ends the field`);
    if (character !== "\\") text += character;
    else text += letters[field[++at]!] ?? field[at]!;
  }
  return text;
}

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
