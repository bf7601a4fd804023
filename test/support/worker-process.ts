import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Stores } from "./compare-stores.ts";
import { type LogLine, shortTimings } from "./scheduled-sweeps.ts";

export interface WorkerProcess {
  child: ChildProcess;
  /** Its log lines so far. */
  log: LogLine[];
  end: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

const main = fileURLToPath(new URL("worker-main.ts", import.meta.url));

/** The library's worker as a process of its own. `name` is what the journal has as its operator. */
export function startWorker({ databaseUrl, elasticsearchUrl, prefix }: Stores, name: string): WorkerProcess {
  const options = { stores: { databaseUrl, elasticsearchUrl, prefix }, name, timings: shortTimings };
  const child = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ["ignore", "ignore", "pipe"] });
  const log: LogLine[] = [];
  return { child, log, end: ended(child, log) };
}

async function ended(child: ChildProcess, log: LogLine[]): WorkerProcess["end"] {
  let [stderr, rest] = ["", ""];
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    log.push(...lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LogLine));
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, stderr };
}
