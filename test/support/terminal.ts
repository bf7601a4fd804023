import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import xterm from "@xterm/headless";
import type { Stores } from "./compare-stores.ts";

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface Seen {
  readonly code: number | null;
  /** What the terminal got, with its escape sequences. */
  readonly raw: string;
  /** The screen after each piece of output, line by line. */
  readonly frames: readonly (readonly string[])[];
  /** All lines at the end, those that were scrolled away too, with those that the terminal had to break. */
  readonly lines: readonly { readonly text: string; readonly isBroken: boolean }[];
}

/** The program on a pseudo-terminal of so many columns, as a person sees it. */
export async function onTerminal(
  stores: Stores,
  args: readonly string[],
  { columns, rows = 24, env = {} }: { columns: number; rows?: number; env?: NodeJS.ProcessEnv },
): Promise<Seen> {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true });
  const command = [process.execPath, main, ...args].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
  const script = `stty cols ${columns} rows ${rows}; exec ${command.join(" ")}`;
  const child = spawn("script", ["--quiet", "--return", "--flush", "--command", script, "/dev/null"], {
    cwd: tmpdir(),
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      SHELL: "/bin/sh",
      TERM: "xterm-256color",
      DATABASE_URL: stores.databaseUrl,
      ELASTICSEARCH_HOSTS: JSON.stringify([stores.elasticsearchUrl]),
      ELASTICSEARCH_INDEX_PREFIX: stores.prefix,
      STATE_FILE: "/nonexistent/state.db", // not the developer's own
      ...env,
    },
  });
  const frames: string[][] = [];
  let raw = "";
  let drawn = Promise.resolve();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
    drawn = drawn.then(async () => {
      await new Promise<void>((resolve) => terminal.write(text, resolve));
      frames.push(screenOf(terminal, rows));
      return undefined;
    });
  });
  const [code] = (await once(child, "close")) as [number | null];
  await drawn;
  const { buffer } = terminal;
  const lines = Array.from({ length: buffer.active.length }, (_, at) => buffer.active.getLine(at)!).map((line) => ({
    text: line.translateToString(true),
    isBroken: line.isWrapped,
  }));
  terminal.dispose();
  return { code, raw, frames, lines };
}

function screenOf({ buffer }: xterm.Terminal, rows: number): string[] {
  const { active } = buffer;
  return Array.from({ length: rows }, (_, at) => active.getLine(active.baseY + at)?.translateToString(true) ?? "");
}
