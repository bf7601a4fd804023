import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readArguments } from "../../../src/cli/arguments/read-arguments.ts";
import { commands } from "../../../src/cli/commands/index.ts";
import { commandsIn, type ShownCommand } from "../../support/docs/commands-in.ts";

const written = new Set(["docs/commands.md", "docs/errors.md", "docs/configuration.md", "docs/changelog.md"]);
const pages = ["README.md", ...globSync(["docs/**/*.md", "examples/**/*.md", "deploy/*.md"])].filter(
  (page) => !written.has(page), // by the program itself
);
const shown = pages.map((page) => ({ page, found: commandsIn(readFileSync(page, "utf8")) }));

/** What the program has against it; of one that is only spoken of, whether its names and flags are there. */
async function problemsOf({ args, isWhole }: ShownCommand): Promise<string[]> {
  const { path, command, given, problems, positional } = await readArguments(args, commands, 100);
  const found = problems.map(({ text }) => text);
  if (!isWhole)
    return found.filter((text) => /unknown|no such|Did you mean/i.test(text) || (path === "" && text !== ""));
  if (command === undefined) return found.length > 0 ? found : [`${path} is no whole command`];
  const own = Object.fromEntries(Object.entries(given).filter(([name]) => name in command.flags));
  const issues = command.schema.safeParse(own).error?.issues ?? [];
  const wrong = issues.filter(
    ({ path: [name] }) => !isPlaceholder(own[String(name)], positional.includes(String(name))),
  );
  return [...found, ...wrong.map(({ path: at, message }) => `${at.join(".")}: ${message}`)];
}

/** Words in capitals, variables and `…` stand for a value of the reader's own. */
function isPlaceholder(value: unknown, isPositional: boolean): boolean {
  const texts = (Array.isArray(value) ? value : [value]).map(String);
  return texts.some((text) => /\$|…|\.\.\.|<|^[A-Z][A-Z_0-9]*$/.test(text)) || (isPositional && value === undefined);
}

test.each(shown.filter(({ found }) => found.length > 0))(
  "$page shows only commands that there are",
  async ({ found }) => {
    const wrong: string[] = [];
    for (const one of found) for (const problem of await problemsOf(one)) wrong.push(`${one.text}: ${problem}`);
    expect(wrong).toEqual([]);
  },
);

test("there are commands to look at, and a wrong one would be noticed", async () => {
  expect(shown.flatMap(({ found }) => found).filter(({ isWhole }) => isWhole).length).toBeGreaterThan(80);
  const [first] = commandsIn('```bash\ncd x && app elasticsearch migrat --tenant-id "$T" # comment\n```');
  expect(first!.args).toEqual(["elasticsearch", "migrat", "--tenant-id", "$T"]);
  expect(await problemsOf(first!)).not.toEqual([]);
  const [spoken] = commandsIn("as `app elasticsearch migrate --restart-all` does");
  expect(await problemsOf(spoken!)).not.toEqual([]);
  const [value] = commandsIn("```bash\napp elasticsearch migrate --batch-size many\n```");
  expect(await problemsOf(value!)).not.toEqual([]);
});

/** Where the tests of a group are: their helpers put its name before the words of a command. */
const folders: Readonly<Record<string, string>> = { milvus: "vectors", stores: "layra" };
const ofArchive = new Set(["elasticsearch", "runs", "db", "worker", "dashboard"]);
/** Pages of which each command in a console is run by a test, with what it prints or does. */
const consoles = ["docs/getting-started.md", "docs/guide.md", "docs/llm-cache.md"].map((page) =>
  readFileSync(page, "utf8"),
);

/** These words as a list of arguments, or as they are typed. */
function listed(words: readonly string[]): RegExp {
  return new RegExp(`["'\`](app |elasticsearch )*${words.join(`(",\\s*"| )`)}["'\` ]`);
}

test("every command that a page shows is run by a test", async () => {
  const tests = globSync("test/{integration,contract,fault,slow,support}/**/*.ts");
  const texts = new Map(tests.map((file) => [file, readFileSync(file, "utf8")]));
  const paths = new Set<string>();
  for (const { args, isWhole } of shown.flatMap(({ found }) => found)) {
    const { path, command } = await readArguments(args, commands, 100);
    if (isWhole && command !== undefined) paths.add(path);
  }
  const isRun = (path: string): boolean => {
    const [group, ...rest] = path.split(" ");
    const inFolder = ofArchive.has(group!) ? "" : (folders[group!] ?? group!);
    const isIn = (file: string): boolean => file.includes(inFolder);
    return (
      [...texts].some(([file, text]) => isIn(file) && listed(rest.length === 0 ? [group!] : rest).test(text)) ||
      [...texts].some(([file, text]) => file.includes(`/${rest[0]}/`) && listed(rest.slice(1)).test(text)) ||
      consoles.some((page) => page.includes(`$ app ${path}`))
    );
  };
  expect(isRun("elasticsearch no-such")).toBe(false);
  expect([...paths].filter((path) => !isRun(path))).toEqual([]);
});
