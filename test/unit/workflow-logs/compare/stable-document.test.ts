import { expect, test } from "vitest";
import { fingerprintOf } from "../../../../src/workflow-logs/compare/stable-document.ts";

const at = (second: string) => `"copied_at":"2026-01-31T23:59:${second}.000Z"}}`;
const hashOf = (text: string) => fingerprintOf(Buffer.from(text)).toString("hex");
const document = `{"id":"a","outputs":"{\\"x\\":1}","archive":{"search_text":"x","offloads":[{"id":"o"}],${at("01")}`;

test("search text and the time of copying are no part of it", () => {
  const others = [
    document.replace('"search_text":"x"', String.raw`"search_text":"\"}}, \\ other words"`),
    document.replace('"search_text":"x",', ""),
    document.replace(at("01"), at("59")),
  ];
  for (const other of others) expect(hashOf(other)).toBe(hashOf(document));
});

test.each([
  ["a column", document.replace('"a"', '"b"')],
  ["white space", document.replace('"id":', '"id": ')],
  ["the order of columns", document.replace('"id":"a","outputs":"{\\"x\\":1}"', '"outputs":"{\\"x\\":1}","id":"a"')],
  ["a column once more", document.replace('"id":"a"', '"id":"a","id":"a"')],
  ["an offload row", document.replace('"o"', '"p"')],
  ["another member of archive", document.replace(',"copied_at"', ',"more":1,"copied_at"')],
  ["something behind it", document.replace('Z"}}', 'Z"},"more":1}')],
  ["a second archive", document.replace('"id":"a"', '"id":"a","archive":{"search_text":"x"}')],
  ["search text that is no text", document.replace('"search_text":"x"', '"search_text":["x"]')],
  [
    "search text at another place",
    document.replace('"search_text":"x",', "").replace(',"copied_at"', ',"search_text":"x","copied_at"'),
  ],
  ["no archive", '{"id":"a"}'],
])("%s is", (_what, other) => {
  expect(hashOf(other)).not.toBe(hashOf(document));
});
