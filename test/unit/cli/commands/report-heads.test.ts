import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { Entry } from "../../../../src/cli/command.ts";
import { commands } from "../../../../src/cli/commands/index.ts";

/** Questions, settings, controls and single records: they answer at once, and there is nothing to report on. */
const withoutRun = `
  elasticsearch: status preflight takeover search show
  elasticsearch errors: list discard
  elasticsearch capture: install status uninstall
  elasticsearch evidence: verify
  elasticsearch retention: set hold release list schedule unschedule
  elasticsearch rollout: list set rollback
  milvus: setup check
  milvus phase: show set rollback
  milvus errors: list discard
  milvus record: insert upsert update-vector update-metadata delete delete-all
  milvus query: vector keyword filter recent ids id changes
  resplite: serve preflight status pause resume abort set
  resplite tracker: stop
  resplite errors: list discard
  llm-cache: workspaces
  llm-cache errors: list discard
  stores: health doctor stats slow-queries profile search fix-index schedule
  db: upgrade current
  runs: list show pause resume abort set
  dashboard
  worker
  completion
`
  .trim()
  .split("\n")
  .flatMap((line) => {
    const [group, names] = line.trim().split(": ");
    return names === undefined ? [group!] : names.split(" ").map((name) => `${group} ${name}`);
  });

const root = path.resolve("src/cli/commands");

/** Every command by its path, with the file it is in. */
async function commandFiles(
  entries: readonly Entry[],
  folder: string,
  above: readonly string[] = [],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { command, load } of entries) {
    const names = [...above, command.split(" ")[0]!];
    const loaded = /"(\.{0,2}\/[^"]+)"/.exec(String(load))?.[1] ?? expect.fail(`${names.join(" ")} names no module`);
    // Vite has paths from the project's folder where the source has relative ones.
    const file = loaded.startsWith("/src/") ? path.resolve(`.${loaded}`) : path.resolve(folder, loaded);
    const { default: entry } = await load();
    if (!("entries" in entry)) found.set(names.join(" "), file);
    else {
      for (const one of await commandFiles(entry.entries, path.dirname(file), names)) found.set(...one);
      if (entry.own !== undefined) found.set(names.join(" "), path.join(path.dirname(file), "take.ts"));
    }
  }
  return found;
}

/** Whether the file prints the head, or a file of commands/ that it imports and that is no command itself. */
function printsHead(file: string, notInto: ReadonlySet<string>): boolean {
  if (!existsSync(file)) return false;
  const text = readFileSync(file, "utf8");
  if (/\b(?:printReport|withHead)\(/.test(text)) return true;
  const imports = [...text.matchAll(/import \{[^}]*\} from "(\.[^"]+)"/g)].map(([, name]) => name!);
  return imports
    .map((name) => path.resolve(path.dirname(file), name))
    .some((name) => name.startsWith(root) && !notInto.has(name) && printsHead(name, notInto));
}

test("every command of every pipeline that runs something prints its report with the common head", async () => {
  const files = await commandFiles(commands, root);
  const names = [...files.keys()];
  expect(names.length).toBeGreaterThan(80);
  const others = new Set(files.values());
  const heads = names.filter((name) => printsHead(files.get(name)!, others));
  expect(heads.toSorted()).toEqual(names.filter((name) => !withoutRun.includes(name)).toSorted());
  expect(withoutRun.filter((name) => !files.has(name))).toEqual([]);
});
