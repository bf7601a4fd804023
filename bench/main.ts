/**
 * npm run bench [-- --rows 100000 --runs 3 --only NAME... --json FILE]: measures what docs/performance.md says, on
 * servers that it starts itself, and prints tables in Markdown. Needs Linux: processor time is read from /proc.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { stopSignal } from "../dev/demo/stop-signal.ts";
import { formatBytes } from "../src/cli/output/format.ts";
import { AppError } from "../src/engine/errors.ts";
import { commandsPart } from "./commands.ts";
import { fingerprintsPart } from "./fingerprints.ts";
import { growthPart } from "./growth.ts";
import { migratePart, pinnedPart, searchTextPart } from "./migrate/race.ts";
import { readsPart } from "./reads/reads.ts";
import type { Bench, Part, PartResult } from "./support/bench.ts";
import { benchOptions } from "./support/bench-options.ts";
import { withBenchServers } from "./support/bench-servers.ts";
import { markdown } from "./support/markdown.ts";

const parts: readonly Part[] = [
  migratePart,
  searchTextPart,
  pinnedPart,
  commandsPart,
  fingerprintsPart,
  readsPart,
  growthPart,
];
const stop = stopSignal();

try {
  const options = benchOptions(parts.map(({ name }) => name));
  const signal = AbortSignal.any([stop, AbortSignal.timeout(options.minutes * 60_000)]);
  const folder = await mkdtemp(join(tmpdir(), "log-archive-bench-"));
  const results: Record<string, PartResult> = {};
  try {
    say("Starting PostgreSQL and Elasticsearch");
    await withBenchServers(stop, async (servers) => {
      const bench: Bench = { ...servers, ...options, folder, signal, say };
      for (const part of parts.filter(({ name }) => options.only.includes(name))) {
        try {
          results[part.name] = await part.measure(bench);
          console.log(markdown(results[part.name]!));
        } catch (error) {
          signal.throwIfAborted();
          console.error(`${part.name} could not be measured:`, error); // the others can
          process.exitCode = 1;
        }
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
    const machine = machineText();
    console.log(machine);
    if (options.json !== undefined)
      await writeFile(options.json, `${JSON.stringify({ machine, options, results }, null, 2)}\n`);
  }
} catch (error) {
  const reason = error instanceof AppError ? [error.message, error.hint].filter(Boolean).join("\n") : error;
  console.error(stop.aborted ? "stopped" : reason);
  process.exitCode = stop.aborted ? 130 : 1;
}

function machineText(): string {
  const processor = cpus()[0]?.model.trim() ?? "unknown processor";
  return `Measured on ${availableParallelism()} processors (${processor}), ${formatBytes(totalmem())} of memory, Node ${process.versions.node}.`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
