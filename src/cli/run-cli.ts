import { secretsIn } from "../config/secrets.ts";
import { AppError, UsageError } from "../engine/errors.ts";
import type { Entry } from "./command.ts";
import { commands } from "./commands/index.ts";
import { loadEnvironment } from "./environment/environment.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import { interruptionOf, isInterruption } from "./interruption.ts";
import { isGiven } from "./arguments/is-given.ts";
import { painter } from "./output/colour.ts";
import { jsonDocument } from "./output/json.ts";
import { printable } from "./output/printable.ts";
import { redactor } from "./output/redact.ts";
import { packageVersion } from "./version.ts";

// src/cli owns what lies between a terminal and a pipeline: arguments, environment, signals, exit codes, text and
// JSON. It loads a pipeline when its command runs. It never moves a record, and only main.ts and bins/ touch the
// process.

const widestHelp = 120;

/** Runs the command that `host.args` name and returns the exit code. Every failure ends here, printed once. */
export async function runCli(host: Host, entries: readonly Entry[] = commands): Promise<ExitCode> {
  let path = "";
  try {
    if (isGiven(host.args, "--version")) return print(host, packageVersion());
    // Each part is loaded when it is known to be needed: yargs not for the version, pino and the configuration not for
    // help.
    const { readArguments } = await import("./arguments/read-arguments.ts");
    const reading = await readArguments(host.args, entries, Math.min(host.stdout.columns ?? widestHelp, widestHelp));
    path = reading.path;
    if (reading.text !== undefined) return print(host, reading.text);
    const { runCommand } = await import("./run-command.ts");
    const code = await runCommand(reading, host);
    const interruption = interruptionOf(host.signal);
    return interruption ? exitCodes[interruption.signalName] : code;
  } catch (error) {
    const failure = asFailure(error, host);
    printFailure(failure, path, host);
    return failure.exitCode;
  }
}

function print({ stdout }: Host, text: string): ExitCode {
  stdout.write(`${text}\n`);
  return exitCodes.done;
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

function printFailure({ code, message, hint }: Failure, command: string, host: Host): void {
  const redact = redactor(secretsIn(knownEnvironment(host)));
  const safe = { code, message: redact(message), hint: hint === null ? null : redact(hint) };
  if (isGiven(host.args, "--json")) {
    host.stdout.write(`${jsonDocument({ command, error: safe })}\n`);
    return;
  }
  const text = printable(`Error: ${safe.message}\n${safe.hint === null ? "" : `${safe.hint}\n`}`);
  const time = isGiven(host.args, "--quiet") ? `${new Date().toISOString()} app ${command}: ` : "";
  host.stderr.write(painter(host.stderr, host.env)(`${time}${text}`));
}

function knownEnvironment(host: Host): Host["env"] {
  try {
    return loadEnvironment(host, envFileOf(host.args)).env;
  } catch {
    return host.env; // the failure to be printed is that the file cannot be read
  }
}

/** Looked up in the arguments themselves, for they may be what cannot be parsed. */
function envFileOf(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => /^--env-file(=|$)/.test(arg));
  return args[at]?.split("=")[1] ?? args[at + 1];
}
