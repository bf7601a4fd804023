import type { Command, Entry, Group } from "../../src/cli/command.ts";
import { globalFlags } from "../../src/cli/arguments/global-flags.ts";
import { type Flag, type Flags, isRequired } from "../../src/cli/options/flags.ts";
import { cell, table } from "./markdown.ts";

/** Every command with its arguments, options and examples, in the order of the program's own help. */
export async function commandsReference(entries: readonly Entry[]): Promise<string> {
  const parts = await Promise.all(entries.map((entry) => section(entry, "app", 2)));
  return [
    "# Commands",
    "Written by `npm run references` from the program itself. Variables are in [configuration.md](configuration.md).",
    "## Options of every command",
    options(globalFlags, ""),
    "## Exit codes",
    table(
      ["code", "meaning"],
      [
        ["0", "done, nothing to be seen to"],
        ["1", "failed; what was confirmed is kept"],
        ["2", "wrong arguments or configuration; nothing was touched"],
        ["3", "done, with findings that somebody has to see"],
        ["130, 143", "stopped by Ctrl-C or SIGTERM, or by `app runs abort`"],
      ],
    ),
    ...parts,
  ].join("\n\n");
}

async function section(entry: Entry, above: string, level: number): Promise<string> {
  const { default: loaded } = await entry.load();
  const [name = ""] = entry.command.split(" ");
  const path = `${above} ${name}`;
  const head = [`${"#".repeat(level)} ${path}`, `${entry.describe}.`];
  if (!isGroup(loaded)) return [...head, ...body(loaded, entry, above)].join("\n\n");
  const below = await Promise.all(loaded.entries.map((one) => section(one, path, Math.min(level + 1, 4))));
  return [...head, ...(loaded.own === undefined ? [] : body(loaded.own, entry, above)), ...below].join("\n\n");
}

function isGroup(loaded: Command | Group): loaded is Group {
  return "entries" in loaded;
}

function body({ flags, examples }: Command, entry: Entry, above: string): string[] {
  const own = options(flags, entry.command);
  const shown = examples.map(([args, purpose]) => `app ${args}    # ${purpose}`);
  return [
    `\`${above} ${entry.command}\``,
    ...(own === "" ? [] : [own]),
    ...(shown.length === 0 ? [] : [`\`\`\`bash\n${shown.join("\n")}\n\`\`\``]),
  ];
}

function options(flags: Flags, usage: string): string {
  const rows = Object.entries(flags).map(([name, flag]) => [
    `\`${nameOf(name, flag, usage)}\``,
    [cell(flag.describe), ...(flag.offered === undefined ? [] : [flag.offered.join(", ")])].join(": "),
    isRequired(flag) ? "required" : cell(flag.shownDefault ?? ""),
  ]);
  return rows.length === 0 ? "" : table(["option", "what it does", "default"], rows);
}

function nameOf(name: string, { kind }: Flag, usage: string): string {
  const dashed = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  if (usage.includes(`<${dashed}`) || usage.includes(`[${dashed}`)) return dashed;
  return kind === "toggle" ? `--${dashed}` : `--${dashed} …`;
}
