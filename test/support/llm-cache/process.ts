import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Resolves when the first batch has ended, or the run goes on where another was. */
  readonly begun: Promise<void>;
  readonly ended: Promise<Ended>;
}

/** `app llm-cache` as a process of its own, without a .env file. */
export function startLlmCache(args: readonly string[], env: Record<string, string>): Started {
  const child = spawn(process.execPath, [main, "llm-cache", ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (stdout.includes("Batch 1/") || stdout.includes("Going on after")) begin();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  const ended = once(child, "close").then(([code]): Ended => ({ code: code as number | null, stdout, stderr }));
  return { child, begun, ended };
}
