#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=131072 node --max-semi-space-size=1 --
// The first two keep the resident memory from growing with the data (docs/architecture.md, Libraries). The dashes end Node's own
// options, of which it would find --env-file among those of the program too.
import { runCli } from "./run-cli.ts";
import { stopSignals } from "./stop-signals.ts";

// Whoever read our output has gone (`app ... | head`): the rest is written nowhere and the command ends as it would have.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// yargs looks nowhere else for the shell that a completion script is for.
const [command, shell] = process.argv.slice(2);
if (command === "completion" && shell !== undefined) process.env["SHELL"] = shell;

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  workingDirectory: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopSignals(process),
});
