import { format } from "oxfmt";
import { commands } from "../../src/cli/commands/index.ts";
import { commandsReference } from "./commands.ts";
import { errorEntries, errorsReference } from "./errors.ts";
import { configurationReference, envExample, readSections } from "./configuration.ts";

/** What is generated from the program, by the name of the file from the project's folder. */
export async function references(): Promise<Record<string, string>> {
  const sections = await readSections();
  return {
    "docs/commands.md": await formatted("docs/commands.md", await commandsReference(commands)),
    "docs/configuration.md": await formatted("docs/configuration.md", configurationReference(sections)),
    "docs/errors.md": await formatted("docs/errors.md", errorsReference(errorEntries())),
    ".env.example": envExample(sections),
  };
}

async function formatted(file: string, text: string): Promise<string> {
  return (await format(file, text)).code;
}
