import { existsSync, globSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";

const documents = ["README.md", ...globSync(["docs/**/*.md", "examples/**/*.md", "deploy/**/*.md", ".github/*.md"])];
const folders = ["src", "test", "dev", "bench", "docs", "examples", "migrations", "index-templates"];
const files = globSync([`{${folders.join(",")}}/**/*.{ts,wat,sql}`, "*.ts"]);

/** A file may be named by the end of its path, where the text says in which folder it is. */
const isThere = (named: string): boolean => files.some((file) => file === named || file.endsWith(`/${named}`));

test.each(documents)("every file that %s names is there, and no link leads nowhere", async (document) => {
  const text = await readFile(document, "utf8");
  const named = [...text.matchAll(/`([\w./-]+\.(?:ts|wat|sql))`/g)].map(([, file]) => file!);
  expect(named.filter((file) => !isThere(file))).toEqual([]);
  const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link!);
  expect(links.filter((link) => !existsSync(path.join(path.dirname(document), link)))).toEqual([]);
});

/** The anchor that GitHub makes of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

test.each(documents)("every link of %s into a document leads to a heading", async (document) => {
  const text = await readFile(document, "utf8");
  const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*\.md)?#([^)]+)\)/g)];
  const lost = links.filter(([, file, anchor]) => {
    const target = file === undefined ? document : path.join(path.dirname(document), file);
    return !headingsOf(readFileSync(target, "utf8")).includes(anchor!);
  });
  expect(lost.map(([link]) => link)).toEqual([]);
});

const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));

test("the README is short", async () => {
  const lines = (await readFile("README.md", "utf8")).split("\n");
  expect(lines.length).toBeLessThanOrEqual(150);
});

test("what is looked for would be found missing", () => {
  expect(documents).toContain(path.join("docs", "architecture.md"));
  expect(isThere("engine/transfer.ts")).toBe(true);
  expect(isThere("engine/no-such-file.ts")).toBe(false);
  expect(isThere("transfer")).toBe(false);
});
