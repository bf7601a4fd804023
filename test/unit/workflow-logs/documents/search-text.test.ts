import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { searchText } from "../../../../src/workflow-logs/documents/search-text.ts";

const words = (json: string, limit = 1000): string[] => searchText(json, limit).split("\n");

describe("finds", () => {
  test.each([
    ["strings, their keys left out", '{"query":"hello","sys.files":[],"a.b":{"":"deep"}}', ["hello", "deep"]],
    ["escaped text of any language", '{"q":"\\u4f60\\u597d \\u043c\\u0438\\u0440 \\ud83c\\udf89"}', ["你好 мир 🎉"]],
    ["text that is not escaped", '{"q":"你好"}', ["你好"]],
    ["what is escaped once", '["a\\"b\\\\c\\/d"]', ['a"b\\c/d']],
    ["numbers, but not literals", '{"n":42,"f":-1.5e3,"t":true,"x":null,"y":false}', ["42", "-1.5e3"]],
    ["duplicate keys, both", '{"k":"one","k":"two"}', ["one", "two"]],
    ["keys before white space", '{"k" \n:\t"v"}', ["v"]],
    ["NaN and Infinity as they stand", "[NaN,Infinity,-Infinity]", ["NaN", "Infinity", "-Infinity"]],
    ["2^53+1 to the digit", '{"big":9007199254740993}', ["9007199254740993"]],
    ["JSON inside a string, decoded once", '{"text":"{\\"inner\\":\\"word\\"}"}', ['{"inner":"word"}']],
    ["a string alone", '"just text"', ["just text"]],
    ["text cut off in a string", '{"k":"begun and nev', ["begun and nev"]],
    ["text cut off in an escape", '["one","two\\u4f', ["one", "twou4f"]],
    ["text cut off behind a backslash", '["one\\', ["one"]],
    ["plain text, whole", "Error: {not json} at line 3", ["Error: {not json} at line 3"]],
    ["plain text in brackets", "[Errno 2] No such file", ["Errno", "2", "No", "such", "file"]],
    ["nothing in nothing", "", [""]],
    ["nothing in empty values", '{"a":"","b":[],"c":{}}', [""]],
  ])("%s", (_, json, found) => {
    expect(words(json)).toEqual(found);
  });
});

/** Every string and number that JSON.parse finds, in order, empty strings left out. */
function values(value: unknown): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  if (typeof value === "number") return [JSON.stringify(value)];
  if (Array.isArray(value)) return value.flatMap(values);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(values) : [];
}

const ascii = (json: string): string =>
  json.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

test("of any JSON in brackets exactly its values, escaped as ASCII or not", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const json = JSON.stringify([value]);
      const expected = values(JSON.parse(json)).join("\n");
      expect(searchText(json, 1e6)).toBe(expected);
      expect(searchText(ascii(json), 1e6)).toBe(expected);
    }),
    { numRuns: 500 },
  );
});

const pieces = fc.constantFrom(
  ...Array.from('{}[]",:\\ \n\0a你'),
  ...String.raw`\u \u4f60 \ud83c null NaN -1 "k": "v",`.split(" "),
  "\ud83c",
  "\udf89",
);

test("never fails and never gives more than the limit, whatever the text", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(pieces, { maxLength: 60 }).map((some) => some.join("")),
        fc.string({ unit: "binary" }),
      ),
      fc.nat(50),
      (text, limit) => {
        expect(searchText(text, limit).length).toBeLessThanOrEqual(limit);
      },
    ),
    { numRuns: 500 },
  );
});

test("a long value is cut where the room ends, escaped or not", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "u", "你", '"', "\\", "\n"), minLength: 1 }),
      fc.integer({ min: 1, max: 40 }),
      (text, limit) => {
        const json = JSON.stringify([text]);
        for (const form of [json, ascii(json)]) {
          const found = searchText(form, limit);
          expect(text.startsWith(found)).toBe(true);
          expect(found.length).toBeGreaterThanOrEqual(Math.min(limit, text.length));
        }
      },
    ),
    { numRuns: 500 },
  );
});

describe("time grows with the length, on the worst of texts", () => {
  test.each([
    ["quotes", '"'],
    ["empty strings", '"",'],
    ["strings before much white space", `"x"${" ".repeat(1000)}`],
    ["backslashes", '["\\\\'],
    ["open brackets", "["],
    ["keys without values", '"k":'],
    ["escapes", '["\\u4f60'],
    ["broken escapes", '"\\u","\\x",'],
    ["white space", " \n"],
  ])("%s", (_, part) => {
    const text = `[${part.repeat(Math.ceil(300_000 / part.length))}`;
    const started = performance.now();
    searchText(text, 1000);
    searchText(text, 1_000_000);
    expect(performance.now() - started).toBeLessThan(2000); // a few hundredths of a second; by the square it is an hour
  });
});
