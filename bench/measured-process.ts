import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

// As `npm run app` and the installed `app` run it: built, and with a small young generation.
const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const nodeFlags = ["--max-semi-space-size=4"];
const peakMemory = new URL("peak-memory.ts", import.meta.url).href;

/** Runs the command line as a process of its own; returns what it printed and the peak of its resident memory. Throws when it fails. */
export async function measuredProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ stdout: string; peakBytes: number }> {
  const child = spawn(process.execPath, [...nodeFlags, "--import", peakMemory, main, ...args], {
    cwd: tmpdir(), // where no .env of the reader's is
    stdio: ["ignore", "pipe", "inherit", "pipe"],
    signal,
    killSignal: "SIGINT",
    env: { PATH: process.env["PATH"], ...env },
  });
  const [stdout, peak, [code]] = await Promise.all([
    read(child.stdout!),
    read(child.stdio[3] as NodeJS.ReadableStream),
    once(child, "close") as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`app ${args.join(" ")} ended with ${code}: ${stdout}`);
  return { stdout, peakBytes: Number(peak) };
}

async function read(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}
