import { Readable } from "node:stream";
import { runCli } from "../../../src/cli/run-cli.ts";
import { fakeHost } from "../fake-host.ts";

export interface CliEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program in the test's own process, with these answers piped into it. */
export async function llmCache(
  args: readonly string[],
  env: Record<string, string>,
  options: {
    readonly answers?: string;
    readonly isTTY?: boolean;
    readonly workingDirectory?: string;
    readonly signal?: AbortSignal;
  } = {},
): Promise<CliEnd> {
  const { answers = "", isTTY = false, workingDirectory, signal } = options;
  const stdin = Object.assign(Readable.from(answers === "" ? [] : [answers]), { isTTY });
  const host = fakeHost(["llm-cache", ...args], {
    env,
    stdin,
    ...(workingDirectory !== undefined && { workingDirectory }),
    ...(signal !== undefined && { signal }),
  });
  const code = await runCli(host);
  return { code, stdout: host.out(), stderr: host.err() };
}

/** With SOURCE_ or TARGET_ in front. */
export function sideEnv(side: "SOURCE" | "TARGET", env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, text]) => [`${side}_${name}`, text]));
}
