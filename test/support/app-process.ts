import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { testLayout } from "./layout.ts";
import type { Stores } from "./compare-stores.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface AppEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface AppProcess {
  child: ChildProcess;
  end: Promise<AppEnd>;
}

/**
 * The program as a process of its own, with these stores for its configuration; it does not see a developer's .env
 * file.
 */
export function startApp(stores: Stores, args: readonly string[], env: NodeJS.ProcessEnv = {}): AppProcess {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: tmpdir(),
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      DATABASE_URL: stores.databaseUrl,
      ELASTICSEARCH_HOSTS: JSON.stringify([stores.elasticsearchUrl]),
      ELASTICSEARCH_INDEX_PREFIX: stores.prefix,
      ELASTICSEARCH_INDEX_LAYOUT: testLayout,
      STATE_FILE: "/nonexistent/state.db", // not the developer's own
      ...env,
    },
  });
  return { child, end: ended(child) };
}

export async function runApp(stores: Stores, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<AppEnd> {
  return startApp(stores, args, env).end;
}

async function ended(child: ChildProcess): Promise<AppEnd> {
  let [stdout, stderr] = ["", ""];
  child.stdout!.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout, stderr };
}
