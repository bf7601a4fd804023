import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { basename } from "node:path";

export interface ProcessCall {
  readonly file: string;
  readonly args: readonly string[];
  /** All it sees of the environment, but for PATH. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Exit codes that are no failure; 0 when not given. */
  readonly allowed?: readonly number[];
}

export interface ProcessEnd {
  readonly stdout: string;
  /** What it wrote to file descriptor 3. */
  readonly side: string;
  readonly seconds: number;
}

/**
 * Runs a program to its end, in a folder where no .env of the reader's is. Throws when it fails, with the end of what
 * it printed.
 */
export async function runProcess({ file, args, env, signal, allowed = [0] }: ProcessCall): Promise<ProcessEnd> {
  const started = performance.now();
  const child = spawn(file, args, {
    cwd: tmpdir(),
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    signal,
    killSignal: "SIGINT",
    env: { PATH: process.env["PATH"], ...env },
  });
  const [stdout, stderr, side, [code, killedBy]] = await Promise.all([
    read(child.stdout!),
    read(child.stderr!),
    read(child.stdio[3] as NodeJS.ReadableStream),
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  if (!allowed.includes(code ?? -1)) {
    const said = `${stdout}\n${stderr}`.trim().slice(-2000);
    throw new Error(`${basename(file)} ${args.join(" ").slice(0, 300)} ended with ${killedBy ?? code}: ${said}`);
  }
  return { stdout, side, seconds: (performance.now() - started) / 1000 };
}

async function read(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}
