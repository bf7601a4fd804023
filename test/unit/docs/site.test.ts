import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writePages } from "../../../dev/site/prepare.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "site-"));
  writePages(path.join(folder, "pages"));
});
afterAll(() => rm(folder, { recursive: true }));

const pages = (): string[] => globSync("**/*.md", { cwd: path.join(folder, "pages") });

test("every page is in the site's sidebar, once", () => {
  const groups = JSON.parse(readFileSync("site/sidebar.json", "utf8")) as { pages: string[] }[];
  const listed = groups.flatMap((group) => group.pages);
  expect(listed.toSorted()).toEqual(
    pages()
      .map((page) => page.replace(/\.md$/, ""))
      .filter((page) => !page.endsWith("/index")) // a folder's list of files
      .toSorted(),
  );
});

test("every link of a page leads to a page or a file of the site", () => {
  const lost: string[] = [];
  let links = 0;
  for (const page of pages()) {
    const text = readFileSync(path.join(folder, "pages", page), "utf8");
    for (const [, link] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      links++;
      const file = link!.startsWith("/") ? path.join("public", link!) : path.join(path.dirname(page), link!);
      if (![file, `${file.replace(/^public/, "")}index.md`].some((one) => existsSync(path.join(folder, "pages", one))))
        lost.push(`${page}: ${link}`);
    }
  }
  expect(lost).toEqual([]);
  expect(links).toBeGreaterThan(150);
});
