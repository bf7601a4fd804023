import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorEntries } from "../../../dev/references/errors.ts";
import { readSections } from "../../../dev/references/configuration.ts";
import { references } from "../../../dev/references/references.ts";

test("the references of commands and configuration are what the program says: npm run references", async () => {
  const { "docs/errors.md": errors, ...exact } = await references();
  for (const [file, text] of Object.entries(exact)) expect(readFileSync(file, "utf8")).toBe(text);
  // a sentence of an error may be mended before the page is written anew, a code may not be missing or left over
  expect(codesOf(readFileSync("docs/errors.md", "utf8"))).toEqual(codesOf(errors!));
});

const codesOf = (page: string): string[] => [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, code]) => code!);

test("every variable says what it is", async () => {
  const variables = (await readSections()).flatMap((section) => section.variables);
  expect(variables.filter(({ description }) => description === undefined)).toEqual([]);
  expect(variables.length).toBeGreaterThan(50);
});

test("every code that the source gives an error has a place in docs/errors.md, with what happened", () => {
  const text = readFileSync("docs/errors.md", "utf8");
  const sources = globSync("src/**/*.ts").map((file) => readFileSync(file, "utf8"));
  const made = sources.flatMap((source) => [...source.matchAll(/new (?:App|Usage)Error\(\s*"(\w+)"/g)]);
  const described = globSync("src/stores/postgres/sqlstates.ts").flatMap((file) => [
    ...readFileSync(file, "utf8").matchAll(/code: "(\w+)"/g),
  ]);
  const codes = new Set([...made, ...described].map(([, code]) => code!));
  expect(codes.size).toBeGreaterThan(200);
  expect([...codes].filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  const withoutHint = errorEntries().filter(({ hints }) => hints.length === 0);
  // the message lists what is wrong, each with what is expected; an unexpected one is shown as it is; the hint of
  // missing_variables is that of the store
  expect([...new Set(withoutHint.map(({ code }) => code))].toSorted()).toEqual([
    "invalid_configuration",
    "missing_variables",
    "unexpected",
  ]);
  const empty = errorEntries().filter(({ messages, hints }) => messages.length === 0 && hints.length === 0);
  expect(empty.map(({ code }) => code)).toEqual([]);
});
