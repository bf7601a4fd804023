import type { Command } from "commander";

/** Names of the command and its groups without the program's: `elasticsearch migrate`; empty for the program itself. */
export function commandPath(command: Command): string {
  const { parent } = command;
  return parent === null ? "" : `${commandPath(parent)} ${command.name()}`.trim();
}

/** The command that `args` lead to, as far as they name known ones; for messages about arguments that cannot be parsed. */
export function namedCommand(program: Command, args: readonly string[]): Command {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).reduce((command, arg) => {
    return command.commands.find((candidate) => candidate.name() === arg) ?? command;
  }, program);
}
