import type { Client } from "./service.ts";

/** What COMMAND says beside the name: https://redis.io/docs/latest/commands/command/ */
export interface CommandSpec {
  /** With the name; negative: at least so many. */
  readonly arity: number;
  readonly flags: readonly string[];
  /** First and last key and the step between them, among the arguments with the name. */
  readonly keys?: readonly [first: number, last: number, step: number];
  /** The name is the first of `args`. Writes exactly one reply, or throws CommandError before it writes anything. */
  readonly run: (args: readonly Buffer[], client: Client) => void;
  /** One who has not given the password may call it. */
  readonly open?: boolean;
}

export interface Command extends CommandSpec {
  /** In lower case. */
  readonly name: string;
}

/** Commands of one file, by their names in lower case. */
export type CommandGroup = Record<string, CommandSpec>;
