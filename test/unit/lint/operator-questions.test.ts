import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

interface Question {
  readonly question: string;
  readonly document: string;
  readonly heading: string;
  /** Words of the answer, in the section under the heading. */
  readonly says: string;
}

const questions = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "operator-questions.json"), "utf8"),
) as readonly Question[];

/** The documents that a document links to; of a folder, its README. */
function linkedFrom(document: string): string[] {
  const links = [...readFileSync(document, "utf8").matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)];
  return links
    .map(([, link]) => path.join(path.dirname(document), link!))
    .map((file) => (existsSync(file) && statSync(file).isDirectory() ? path.join(file, "README.md") : file))
    .filter((file) => file.endsWith(".md") && existsSync(file));
}

const first = linkedFrom("README.md");
const withinTwo = new Set(["README.md", ...first, ...first.flatMap(linkedFrom)].map((file) => path.normalize(file)));

/** The text under a heading, to the next one of its level or above. */
function section(document: string, heading: string): string | undefined {
  const text = readFileSync(document, "utf8");
  const [found] = [...text.matchAll(/^(#+) (.+)$/gm)].filter(([, , title]) => title === heading);
  if (found === undefined) return undefined;
  const rest = text.slice(found.index + found[0].length);
  const end = rest.search(new RegExp(`^#{1,${found[1]!.length}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

test("there are questions enough", () => {
  expect(questions.length).toBeGreaterThanOrEqual(20);
  expect(new Set(questions.map(({ question }) => question)).size).toBe(questions.length);
});

test.each(questions)("two links from the README: $question", ({ document, heading, says }) => {
  expect(withinTwo).toContain(path.normalize(document));
  expect(section(document, heading)).toContain(says);
});

test("what is not linked would be noticed", () => {
  expect(withinTwo.has("docs/nowhere.md")).toBe(false);
  expect(section("README.md", "No such heading")).toBe(undefined);
});
