import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

export interface ServerProcess {
  readonly port: number;
  /** What it printed when it listened. */
  readonly line: string;
  /** Sends the signal and waits for the end: exit code, and what it had to say. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; stderr: string }>;
}

/**
 * `app resplite serve` as a process of its own, on any free port, or what the environment says; killed when the test is
 * finished.
 */
export async function startServerProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv = { RESPLITE_PORT: "0" },
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [main, "resplite", "serve", ...args], {
    cwd: tmpdir(),
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...env },
  });
  const closed = once(child, "close");
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  const first = await Promise.race([once(createInterface(child.stdout), "line"), closed]);
  const line = String(first[0]);
  const [, port] = /listening on port (\d+)/.exec(line) ?? [];
  if (port === undefined) throw new Error(`the server did not start: ${stderr}`);
  return {
    port: Number(port),
    line,
    async end(signal) {
      child.kill(signal);
      const [code] = (await closed) as [number | null];
      return { code, stderr };
    },
  };
}
