#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=131072 node --max-semi-space-size=1 --
// The first two keep the resident memory from growing with the data (docs/architecture/decisions.md, Libraries). The
// dashes end Node's own options, of which it would find --env-file among those of the program too.
import { exitCodes } from "./exit-codes.ts";
import { watchOutput } from "./lost-output.ts";
import { unsupportedNode } from "./node-version.ts";
import { runCli } from "./run-cli.ts";
import { stopSignals } from "./stop-signals.ts";

const unsupported = unsupportedNode(process.versions.node);
if (unsupported !== undefined) {
  process.stderr.write(`Error: ${unsupported}\n`);
  process.exit(exitCodes.failed);
}
const stdout = watchOutput(process.stdout);
// a file at its size limit is one more output that cannot be written, and no end of the program
process.on("SIGXFSZ", () => {});
watchOutput(process.stderr); // where nobody can be told, nobody is told

// yargs looks nowhere else for the shell that a completion script is for.
const [command, shell] = process.argv.slice(2);
if (command === "completion" && shell !== undefined) process.env["SHELL"] = shell;

const code = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  workingDirectory: workingDirectory(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopSignals(process),
});
const lost = await stdout.lost();
if (lost !== undefined) {
  process.stderr.write(
    `Error: The work is done, but its result cannot be written to the standard output: ${lost.message}\n`,
  );
}
process.exitCode =
  lost !== undefined && (code === exitCodes.done || code === exitCodes.findings) ? exitCodes.failed : code;

/** Undefined where the folder was deleted: then there is no .env either. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
