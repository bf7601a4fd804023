import path from "node:path";
import yargs from "yargs";
import { UsageError } from "../../engine/errors.ts";
import { command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { value } from "../options/flags.ts";
import { oneOf } from "../options/values.ts";

const shells = ["bash", "zsh", "fish"] as const;

export default command({
  flags: { shell: value("bash, zsh or fish; by default that of $SHELL", oneOf(...shells).optional()) },
  examples: [["completion bash >> ~/.bashrc", "complete names and flags from the next bash on"]],
  run: async ({ shell }, context) => {
    const script = await completionScript(shell ?? currentShell(context.env));
    context.output.result({ script }, () => script);
  },
});

function currentShell(env: CommandContext["env"]): string {
  const name = path.basename(env["SHELL"] ?? "");
  const shell = shells.find((known) => known === name);
  if (shell !== undefined) return shell;
  throw new UsageError("unknown_shell", "There is no completion script for the shell that $SHELL names.", {
    hint: "Name one: app completion bash, zsh or fish.",
  });
}

/**
 * The script of yargs, which takes the shell from SHELL: main.ts has set that, and the script sets it whenever it asks.
 */
async function completionScript(shell: string): Promise<string> {
  let script = "";
  const parser = yargs([], "/").scriptName("app").exitProcess(false);
  await parser
    .command("$0", false, {}, () => void parser.showCompletionScript())
    .parseAsync([], {}, (_error, _argv, output) => {
      if (output !== "") script = output;
    });
  return script.replaceAll("app --get-yargs-completions", `SHELL=${shell} app --get-yargs-completions`);
}
