import { z } from "zod";
import type { ConfigOf, Sections } from "../config/read-sections.ts";
import type { CommandContext } from "./context.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Flag, Flags } from "./options/flags.ts";
import type { LogLevel } from "./output/log-levels.ts";

/** A command or group as its parent lists it. Its module is loaded only when the arguments name it. */
export interface Entry {
  /** Name and positional arguments as yargs writes them: `search <query>`. */
  readonly command: string;
  readonly describe: string;
  readonly load: () => Promise<{ readonly default: Command | Group }>;
}

export interface Group {
  readonly entries: readonly Entry[];
  /** What the group's name alone does. */
  readonly own?: Command;
}

/** A line of help: what is typed behind the program's name, and what for. */
export type Example = readonly [args: string, purpose: string];

export interface Command {
  readonly flags: Flags;
  readonly schema: z.ZodType<Record<string, unknown>>;
  readonly sections: Sections;
  readonly examples: readonly Example[];
  readonly logLevel: LogLevel;
  readonly run: (options: Record<string, unknown>, context: CommandContext) => Promise<ExitCode | void>;
}

type Shape<F extends Flags> = { [Name in keyof F]: F[Name] extends Flag<infer S> ? S : never };
/** What a command with these flags is given. */
export type Options<F extends Flags> = z.output<z.ZodObject<Shape<F>>>;

export interface CommandSpec<F extends Flags, S extends Sections> {
  /** By their names in camel case; one that the parent's entry lists as positional is read from there. */
  readonly flags: F;
  /** What it needs of the configuration, by the names under which `context.config` has it; nothing else is checked. */
  readonly config?: S;
  /** Adds rules between options. */
  readonly check?: (schema: z.ZodObject<Shape<F>>) => z.ZodType<Options<F>>;
  readonly examples?: readonly Example[];
  /** Without --log-level; warn when not given. */
  readonly logLevel?: LogLevel;
  /**
   * Calls the use case and prints; the exit code it returns is that of the program, 0 without. Imports what it works
   * with itself, so that help and completion load no driver.
   */
  readonly run: (options: Options<F>, context: CommandContext<ConfigOf<S>>) => Promise<ExitCode | void>;
}

export function command<F extends Flags, S extends Sections = Sections>(spec: CommandSpec<F, S>): Command {
  const { flags, config, check, examples, logLevel, run } = spec;
  const shape = Object.fromEntries(Object.entries(flags).map(([name, { schema }]) => [name, schema]));
  const schema = z.object(shape) as z.ZodObject<Shape<F>>;
  return {
    flags,
    schema: check === undefined ? schema : check(schema),
    sections: config ?? {},
    examples: examples ?? [],
    logLevel: logLevel ?? "warn",
    run: run as Command["run"], // it is only ever given what its own schema made
  };
}
