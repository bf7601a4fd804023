import type { Command } from "commander";
import { z } from "zod";
import { ConfigError } from "../config/config-error.ts";
import { UsageError } from "../engine/errors.ts";
import { commandPath } from "./command-path.ts";
import { type CommandContext, createContext } from "./context.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import type { LogLevel } from "./output/log.ts";

/** One run of the program: where it runs and how it will end. */
export interface Session {
  readonly host: Host;
  exitCode: ExitCode;
}

export interface CommandSpec<Options> {
  /** Of the command's own options and arguments, by their camel-case names; unknown keys are the global ones. */
  readonly options: z.ZodType<Options>;
  /** Without --log-level; warn when not given. */
  readonly logLevel?: LogLevel;
  /** Calls the use case and prints; the exit code it returns is that of the program, 0 without. */
  readonly run: (options: Options, context: CommandContext) => Promise<ExitCode | void>;
}

/**
 * The action of a command: wrong options and wrong configuration are thrown together as one UsageError before anything runs; whatever
 * `run` throws goes on to runCli, which prints it.
 */
export function action<Options>(session: Session, spec: CommandSpec<Options>): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const command = args.at(-1) as Command;
    const context = createContext(command, session.host, spec.logLevel);
    const options = parseOptions(spec.options, command, context);
    try {
      session.exitCode = (await spec.run(options, context)) ?? exitCodes.done;
    } finally {
      context.progress.stop();
    }
  };
}

function parseOptions<Options>(schema: z.ZodType<Options>, command: Command, context: CommandContext): Options {
  const result = schema.safeParse({ ...argumentsOf(command), ...command.opts() });
  const configError = configurationError(context);
  if (result.success && configError === undefined) return result.data;
  if (result.success) throw configError;
  const problems = result.error.issues.map((issue) => `✖ ${label(command, issue.path[0])}: ${issue.message}`);
  const message = ["The command line is wrong:", ...problems, ...(configError ? [configError.message] : [])].join("\n");
  throw new UsageError("invalid_options", message, {
    hint: [`See app ${commandPath(command)} --help.`, ...(configError?.hint ? [configError.hint] : [])].join(" "),
  });
}

function configurationError(context: CommandContext): ConfigError | undefined {
  try {
    context.config();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

function argumentsOf(command: Command): Record<string, unknown> {
  return Object.fromEntries(
    command.registeredArguments.map((argument, at) => [argument.name(), command.processedArgs[at]]),
  );
}

function label(command: Command, key: PropertyKey | undefined): string {
  return command.options.find((option) => option.attributeName() === key)?.long ?? String(key ?? "options");
}
