import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** `npm start` as a process of its own, on a file in this folder. */
export async function startServer(folder: string, template: string): Promise<{ port: number; stop: () => void }> {
  const args = ["resplite", "serve", "--db", join(folder, "bench.db"), "--port", "0", "--pragma-template", template];
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { port: Number(/port (\d+)/.exec(line)![1]), stop: () => void child.kill("SIGTERM") };
}
