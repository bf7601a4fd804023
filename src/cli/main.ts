#!/usr/bin/env -S node --max-semi-space-size=1
// A small young generation: it is collected often, and with it the buffers that sockets were read into (docs/architecture.md).
import { runCli } from "./run-cli.ts";
import { stopSignals } from "./stop-signals.ts";

// Whoever read our output has gone (`app ... | head`): the rest is written nowhere and the command ends as it would have.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  workingDirectory: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopSignals(process),
});
