import yargs, { type Argv, type Options } from "yargs";
import type { Command, Entry, Example } from "../command.ts";
import { globalFlags } from "./global-flags.ts";
import { isGiven } from "./is-given.ts";
import { type Flag, type Flags, isRequired } from "../options/flags.ts";
import { excessArgument, missingCommand, type Problem, readProblems } from "./problems.ts";

/** An entry with what its module holds, where the arguments name it. */
interface Node {
  readonly entry: Entry;
  readonly name: string;
  readonly command?: Command;
  readonly children?: readonly Node[];
}

/** What the arguments ask for. */
export interface Reading {
  /** Names of the command and its groups, as far as the arguments name known ones: `elasticsearch migrate`. */
  readonly path: string;
  readonly command?: Command | undefined;
  /** Names of those of the command's flags that stand for positional arguments. */
  readonly positional: readonly string[];
  /** What was given, by the names of flags in camel case: true, a text, or a list of texts. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
  /** Help or completions, to be printed instead of running a command. */
  readonly text?: string | undefined;
}

/** yargs reads the arguments; what it finds wrong is in the problems, and nothing is printed or thrown. */
export async function readArguments(
  args: readonly string[],
  entries: readonly Entry[],
  width: number,
): Promise<Reading> {
  const nodes = await loadNamed(entries, new Set(args));
  const named = nodesOf(args, nodes);
  const { entry, command } = named.at(-1) ?? {};
  const path = named.map(({ name }) => name).join(" ");
  const positional = Object.keys(command?.flags ?? {}).filter((name) => isPositional(entry!, name));
  const messages = new Set<string>();
  const parser = group(withGlobals(newParser(args, width)), nodes, "$0 <command>", purpose, 1).fail(
    (message, error) => {
      if (error !== undefined && error.name !== "YError") throw error;
      messages.add(message);
    },
  );
  const reading = { path, command, positional };
  if (isGiven(args, "--help")) return { ...reading, given: {}, problems: [], text: await parser.getHelp() };
  let text = "";
  const argv = await parser.parseAsync([...args], {}, (_error, _argv, output) => {
    if (output !== "") text = output;
  });
  if (text !== "") return { ...reading, given: {}, problems: [], text };
  const flags = { ...globalFlags, ...command?.flags };
  const words = behindDoubleDash(args, positional, givenValues(argv, flags));
  return {
    ...reading,
    given: words.given,
    problems: [
      ...readProblems([...messages], args, Object.keys(flags).map(dashed), command !== undefined),
      ...words.excess.map(excessArgument),
    ],
  };
}

/**
 * Loads a module for every name that is among the words: the named command, and at most a few whose name is a value of
 * an option.
 */
async function loadNamed(entries: readonly Entry[], words: ReadonlySet<string>): Promise<Node[]> {
  return Promise.all(
    entries.map(async (entry): Promise<Node> => {
      const [name = ""] = entry.command.split(" ");
      if (!words.has(name)) return { entry, name };
      const { default: loaded } = await entry.load();
      if (!("entries" in loaded)) return { entry, name, command: loaded };
      const children = await loadNamed(loaded.entries, words);
      return { entry, name, children, ...(loaded.own !== undefined && { command: loaded.own }) };
    }),
  );
}

function nodesOf(args: readonly string[], nodes: readonly Node[]): Node[] {
  const [first, ...rest] = args;
  if (first === undefined || first === "--") return [];
  const node = nodes.find(({ name }) => name === first);
  return node === undefined ? nodesOf(rest, nodes) : [node, ...nodesOf(rest, node.children ?? [])];
}

const purpose = "Moves logs and caches of LLM platforms between stores, exactly and resumably";

/**
 * The folder that yargs is given is for its own configuration files, of which it reads none here: the real one may be
 * deleted.
 */
function newParser(args: readonly string[], width: number): Argv {
  return yargs([...args], "/")
    .scriptName("app")
    .help(false) // a flag like others: yargs' own would take a search for the word help as a wish for it
    .version(false)
    .detectLocale(false)
    .exitProcess(false)
    .wrap(width)
    .parserConfiguration({
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
    });
}

/** `least` is how many names have to follow. */
function group(parser: Argv, nodes: readonly Node[], usage: string, describe: string, least: 0 | 1): Argv {
  const so = parser.usage(`${usage}\n\n${describe}`).demandCommand(least, missingCommand).strict().recommendCommands();
  return nodes.reduce(
    (with_, node) => with_.command(node.entry.command, node.entry.describe, builder(node, usage)),
    so,
  );
}

function builder({ entry, name, command, children }: Node, usage: string): (parser: Argv) => Argv {
  if (children !== undefined) {
    const below = usage.replace("<command>", `${name} <command>`);
    return (parser) =>
      command === undefined
        ? group(withGlobals(parser), children, below, entry.describe, 1)
        : group(withGlobals(withFlags(parser, entry, command)), children, below, entry.describe, 0);
  }
  return (parser) => withGlobals(command === undefined ? parser : withFlags(parser, entry, command));
}

/** At every level anew, so that help shows them behind the command's own. */
function withGlobals(parser: Argv): Argv {
  return Object.entries(globalFlags).reduce(
    (so, [name, flag]) => so.option(dashed(name), { ...described(flag), group: "Global options:", global: false }),
    parser,
  );
}

function withFlags(parser: Argv, entry: Entry, { flags, examples }: Command): Argv {
  for (const [name, flag] of Object.entries(flags)) {
    const { describe, offered } = flag;
    if (!isPositional(entry, name)) parser.option(dashed(name), { ...described(flag), group: "Options:" });
    else parser.positional(dashed(name), { describe, type: "string", ...(offered && { choices: offered }) });
  }
  return examples.reduce((so: Argv, [args, what]: Example) => so.example(`$0 ${args}`, what), parser);
}

function isPositional({ command }: Entry, name: string): boolean {
  return command.includes(`<${dashed(name)}>`) || command.includes(`[${dashed(name)}]`);
}

function described(flag: Flag): Options {
  const { kind, describe, offered, shownDefault } = flag;
  if (kind === "toggle") return { describe, type: "boolean", nargs: 0 };
  return {
    describe,
    type: "string",
    nargs: 1,
    ...(kind === "repeated" && { array: true }),
    ...(offered !== undefined && { choices: offered }),
    ...(shownDefault !== undefined && { defaultDescription: shownDefault }),
    ...(isRequired(flag) && { demandOption: true }),
  };
}

function givenValues(argv: Record<string, unknown>, flags: Flags): Record<string, unknown> {
  const given = Object.entries(flags).map(([name, { kind }]) => {
    const found = argv[dashed(name)];
    return [name, kind !== "repeated" && Array.isArray(found) ? (found.at(-1) as unknown) : found] as const;
  });
  return Object.fromEntries(given.filter(([, found]) => found !== undefined));
}

/** Words behind `--` are positional arguments too, which yargs leaves aside. */
function behindDoubleDash(args: readonly string[], positional: readonly string[], given: Reading["given"]) {
  const at = args.indexOf("--");
  const words = at < 0 ? [] : args.slice(at + 1);
  const open = positional.filter((name) => given[name] === undefined);
  const found = Object.fromEntries(open.slice(0, words.length).map((name, place) => [name, words[place]]));
  return { given: { ...given, ...found }, excess: words.slice(open.length) };
}

export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
