import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type FoundEntry,
  placeAfter,
  scanEntries,
  type ScanPlace,
} from "../../../../src/llm-cache/json/scan-entries.ts";

const isDefault = (key: string): boolean => key === "default";

/** The members of a file with this content, which gives at most `most` bytes at a time. */
async function scan(text: string, from?: ScanPlace, isMode = isDefault, most = 1_000_000): Promise<FoundEntry[]> {
  const content = Buffer.from(text);
  const file = {
    read: async (buffer: Buffer, offset: number, length: number, position: number) => ({
      bytesRead: content.copy(buffer, offset, position, position + Math.min(length, most)),
    }),
  };
  const found: FoundEntry[] = [];
  for await (const entry of scanEntries(file, "file.json", isMode, from)) found.push(entry);
  return found;
}

const parsed = (found: readonly FoundEntry[]): [string, unknown][] =>
  found.map(({ key, value }) => [key, JSON.parse(value.toString())]);

describe("the members of a JSON file", () => {
  test("are those that JSON.parse finds, whatever they hold and however it is laid out", async () => {
    const objects = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { noNullPrototype: true });
    const spaces = fc.constantFrom("", "  ", "\t", 1, 3);
    await fc.assert(
      fc.asyncProperty(objects, spaces, fc.integer({ min: 1, max: 40 }), async (object, indent, most) => {
        const text = JSON.stringify(object, undefined, indent);
        expect(parsed(await scan(text, undefined, () => false, most))).toEqual(
          Object.entries(JSON.parse(text) as object),
        );
      }),
      { numRuns: process.env["TEST_FULL"] ? 3000 : 200 },
    );
  });

  test("go on behind each of them", async () => {
    const text = `{"a": {"x": "}\\""}, "default": {"h1": {"return": "1"}, "h2": {"return": 2}}\n, "b": [1, {"c": "]"}], "d": "\\\\", "e":-1.5e3}`;
    const all = await scan(text);
    expect(all.map(({ key, mode }) => [mode, key])).toEqual([
      [undefined, "a"],
      ["default", "h1"],
      ["default", "h2"],
      [undefined, "b"],
      [undefined, "d"],
      [undefined, "e"],
    ]);
    for (const [at, entry] of all.entries()) {
      const rest = await scan(text, placeAfter(entry));
      expect(rest.map(({ key }) => key)).toEqual(all.slice(at + 1).map(({ key }) => key));
    }
  });

  test("may be larger than what is read at once, and lie across its borders", async () => {
    const object = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`k${at}`, { return: `${'\\"}{'.repeat(90_000 * at)}長` }]),
    );
    expect(parsed(await scan(JSON.stringify(object)))).toEqual(Object.entries(object));
  });

  test("are read behind a mark of the byte order, as Python's utf-8-sig does", async () => {
    expect(parsed(await scan('\ufeff {"a": 1}'))).toEqual([["a", 1]]);
  });

  test("of a record whose first field is an object are no mode", async () => {
    expect((await scan('{"x": {"queryparam": {}, "return": ""}}')).map(({ key }) => key)).toEqual(["x"]);
    expect((await scan('{"default": {}, "a": 1}')).map(({ key }) => key)).toEqual(["default", "a"]);
  });
});

describe("a damaged file is told from a whole one", () => {
  const damaged = [
    "",
    "[]",
    "{",
    '{"a"',
    '{"a":',
    '{"a": {"b": "c',
    '{"a": 1',
    '{"a": 1,',
    '{"a": 1 "b": 2}',
    '{"a": 1}}',
    "{a: 1}",
    '{"a": }',
    '{"a": 1,}',
    '{"\\x": 1}',
    "null",
  ];
  test.each(damaged)("%s", async (text) => {
    await expect(scan(text)).rejects.toThrow(/is damaged: at byte \d+, expected/);
  });
});
