import { type Command, CommanderError } from "commander";
import { secretsIn } from "../config/secrets.ts";
import { AppError, UsageError } from "../engine/errors.ts";
import { commandPath, namedCommand } from "./command-path.ts";
import type { GlobalOptions } from "./context.ts";
import { loadEnvironment } from "./environment.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import { interruptionOf, isInterruption } from "./interruption.ts";
import { jsonDocument } from "./output/json.ts";
import { printable } from "./output/printable.ts";
import { redactor } from "./output/redact.ts";
import { createProgram } from "./program.ts";
import type { Session } from "./run-command.ts";

/** Runs the command that `host.args` name and returns the exit code. Every failure ends here, printed once. */
export async function runCli(host: Host, create = createProgram): Promise<ExitCode> {
  const session: Session = { host, exitCode: exitCodes.done };
  const program = create(session);
  try {
    await program.parseAsync(host.args, { from: "user" });
    const interruption = interruptionOf(host.signal);
    return interruption ? exitCodes[interruption.signalName] : session.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done; // --help or --version
    const failure = asFailure(error, host);
    printFailure(failure, program, host);
    return failure.exitCode;
  }
}

interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

function asFailure(error: unknown, { signal }: Host): Failure {
  const interruption = interruptionOf(signal);
  if (interruption && isInterruption(error, signal)) {
    const hint = "Run the same command again to go on where it was.";
    return { exitCode: exitCodes[interruption.signalName], code: "interrupted", message: interruption.message, hint };
  }
  if (error instanceof CommanderError) return wrongArguments(error);
  if (error instanceof AppError) {
    const exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
    return { exitCode, code: error.code, message: error.message, hint: error.hint ?? null };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exitCode: exitCodes.failed,
    code: "unexpected",
    message,
    hint: "This is a defect of the program. Please report it.",
  };
}

function wrongArguments({ code, message }: CommanderError): Failure {
  const exitCode = exitCodes.usage;
  const hint = "See app --help for the commands and app GROUP COMMAND --help for their flags.";
  if (code === "commander.help") return { exitCode, code: "missing_command", message: "A command is missing.", hint };
  const [problem = "", suggestion] = message.replace(/^error: /, "").split("\n");
  const snakeCase = code.replace("commander.", "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return { exitCode, code: snakeCase, message: problem, hint: suggestion?.replace(/^\((.*)\)$/, "$1") ?? hint };
}

function printFailure({ code, message, hint }: Failure, program: Command, host: Host): void {
  const redact = redactor(secretsIn(knownEnvironment(program, host)));
  const safe = { code, message: redact(message), hint: hint === null ? null : redact(hint) };
  if (wantsJson(host)) {
    host.stdout.write(`${jsonDocument({ command: commandPath(namedCommand(program, host.args)), error: safe })}\n`);
    return;
  }
  host.stderr.write(printable(`Error: ${safe.message}\n${safe.hint === null ? "" : `${safe.hint}\n`}`));
}

/** Looked up in the arguments themselves, for they may be what cannot be parsed. */
function wantsJson({ args }: Host): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? undefined : end).includes("--json");
}

function knownEnvironment(program: Command, host: Host): Host["env"] {
  try {
    return loadEnvironment(host, program.opts<GlobalOptions>().envFile);
  } catch {
    return host.env; // the failure to be printed is that the file cannot be read
  }
}
