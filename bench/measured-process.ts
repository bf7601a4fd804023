import { fileURLToPath } from "node:url";
import { type ProcessCall, runProcess } from "./support/run-process.ts";

// As `npm run app` and the installed `app` run it.
const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const nodeFlags = ["--max-semi-space-size=1"];
export const malloc = { MALLOC_MMAP_THRESHOLD_: "131072" };
const peakMemory = new URL("peak-memory.ts", import.meta.url).href;

/**
 * Runs the command line as a process of its own; returns what it printed and the peak of its resident memory. Throws
 * when it fails.
 */
export async function measuredProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  more: Pick<ProcessCall, "allowed"> = {},
): Promise<{ stdout: string; peakBytes: number }> {
  return measuredNode(appArguments(args), { env: { ...malloc, ...env }, signal, ...more });
}

/** What Node is started with to run the command line. */
export function appArguments(args: readonly string[]): string[] {
  return [...nodeFlags, main, ...args];
}

/** The same for any program of Node. */
export async function measuredNode(
  args: readonly string[],
  call: Pick<ProcessCall, "env" | "signal" | "allowed">,
): Promise<{ stdout: string; peakBytes: number; seconds: number }> {
  const { stdout, side, seconds } = await runProcess({
    file: process.execPath,
    args: ["--import", peakMemory, ...args],
    ...call,
  });
  return { stdout, peakBytes: Number(side), seconds };
}
