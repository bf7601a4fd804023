import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "../../src/engine/errors.ts";
import type { OwnStores } from "./own-stores.ts";
import { say } from "./say.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** Runs the program as a user would: a process of its own, in a folder with an .env file. */
export interface CommandLine {
  /** Prints the command, then whatever it prints. Throws when it fails. */
  app: (command: string) => Promise<void>;
}

/** Writes the .env file into `folder` and shows it. */
export async function createCommandLine(folder: string, stores: OwnStores, signal: AbortSignal): Promise<CommandLine> {
  const lines = [
    `DATABASE_URL=${stores.databaseUrl}`,
    `ELASTICSEARCH_HOSTS=["${stores.elasticsearchUrl}"]`,
    `ELASTICSEARCH_INDEX_PREFIX=${stores.prefix}`,
    "ELASTICSEARCH_RETENTION_DAYS=365",
  ];
  await writeFile(join(folder, ".env"), `${lines.join("\n")}\n`, { mode: 0o600 });
  say(lines.map((line) => `    ${line.replaceAll(/:[^:@/]+@/g, ":********@")}`).join("\n"));
  return { app: (command) => run(folder, command, signal) };
}

async function run(folder: string, command: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  say(`\n$ app ${command}`);
  const child = spawn(process.execPath, [main, ...command.split(" ")], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    env: withoutSettings(process.env),
  });
  const stop = (): void => void child.kill("SIGINT");
  signal.addEventListener("abort", stop, { once: true });
  try {
    const [code, killedBy] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    if (code !== 0) throw new AppError("demo_command_failed", `app ${command} ended with ${killedBy ?? code}`);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The reader's own settings would win over the .env file and lead the demo to their servers. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = /^(ELASTICSEARCH_|DB_|DATABASE_URL$|SOURCE_TIME_ZONE$)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)));
}
