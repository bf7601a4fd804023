import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readSections } from "../../../dev/references/configuration.ts";
import { references } from "../../../dev/references/references.ts";

test("the references of commands and configuration are what the program says: npm run references", async () => {
  for (const [file, text] of Object.entries(await references())) expect(readFileSync(file, "utf8")).toBe(text);
});

test("every variable says what it is", async () => {
  const variables = (await readSections()).flatMap((section) => section.variables);
  expect(variables.filter(({ description }) => description === undefined)).toEqual([]);
  expect(variables.length).toBeGreaterThan(50);
});
