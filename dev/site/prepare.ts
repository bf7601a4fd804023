import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

// The pages of the site are the documents of the repository, with links as a site has them. Nothing is written twice.

const documents = ["README.md", ...globSync(["docs/**/*.md", "examples/**/*.md", "deploy/*.md", ".github/*.md"])];

/** Where a file of the repository is in the site. */
function placeOf(file: string): string {
  return file === "README.md" ? "index.md" : file.replace(/^\.github\//, "project/");
}

/** Writes the pages, and the files that they link to, into an empty folder. */
export function writePages(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const public_ = path.join(folder, "public");
  for (const document of documents) {
    const page = readFileSync(document, "utf8").replaceAll(
      /(!?)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)/g,
      (whole, image: string, link: string, anchor = "") => {
        const file = path.normalize(path.join(path.dirname(document), link)).replace(/\/$/, "");
        const found = existsSync(file) && statSync(file).isDirectory() ? path.join(file, "README.md") : file;
        if (documents.includes(found)) return `](${relative(document, placeOf(found))}${String(anchor)})`;
        if (!existsSync(file)) return whole;
        cpSync(file, path.join(public_, file), { recursive: true });
        if (statSync(file).isDirectory()) writeListing(folder, file);
        return `${image}](/${file}${statSync(file).isDirectory() ? "/" : ""})`;
      },
    );
    const place = path.join(folder, placeOf(document));
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, page);
  }
}

/** Of a folder without a page of its own: its files, to be fetched. */
function writeListing(folder: string, of: string): void {
  const files = globSync(`${of}/**/*`, { withFileTypes: true }).filter((entry) => entry.isFile());
  const lines = files.map(({ name, parentPath }) => `- [${name}](/${path.join(path.relative(".", parentPath), name)})`);
  mkdirSync(path.join(folder, of), { recursive: true });
  writeFileSync(path.join(folder, of, "index.md"), `# ${of}\n\n${lines.toSorted().join("\n")}\n`);
}

function relative(from: string, to: string): string {
  const link = path.relative(path.dirname(placeOf(from)), to);
  return link.startsWith(".") ? link : `./${link}`;
}

if (import.meta.main) writePages("site/pages");
