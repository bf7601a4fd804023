import path from "node:path";
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { UsageError } from "../../engine/errors.ts";
import type { Session } from "../run-command.ts";

/** Adds `completion [shell]` and the hidden command that the scripts ask; call it when all other commands are there. */
export function addCompletion(program: Command, { host }: Session): void {
  const completions = tab(program, { completionCommandName: "completion" });
  const command = program.commands.find((candidate) => candidate.name() === "completion");
  command?.registeredArguments[0]?.argOptional();
  command
    ?.description("Print the completion script for a shell, by default for $SHELL")
    .action((shell: string | undefined) =>
      completions.setup(program.name(), program.name(), shell ?? currentShell(host.env)),
    );
}

function currentShell(env: Session["host"]["env"]): string {
  const shell = path.basename(env["SHELL"] ?? "");
  if (["bash", "zsh", "fish"].includes(shell)) return shell;
  throw new UsageError("unknown_shell", "There is no completion script for the shell that $SHELL names.", {
    hint: "Name one: app completion bash, zsh, fish or powershell.",
  });
}
