import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const env = { PATH: process.env["PATH"], HOME: tmpdir() };

interface End {
  readonly code: number | null;
  readonly stderr: string;
}

async function endOf(child: ChildProcess): Promise<End> {
  const [stderr, [code]] = await Promise.all([
    child.stderr ? text(child.stderr) : "",
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, stderr };
}

/** The program with /dev/full, a device without any room, for some of its outputs. */
async function withFull(args: readonly string[], full: "stdout" | "stderr" | "both"): Promise<End> {
  const device = openSync("/dev/full", "w");
  const stdio: StdioOptions = ["ignore", full === "stderr" ? "ignore" : device, full === "stdout" ? "pipe" : device];
  try {
    return await endOf(spawn(process.execPath, [main, ...args], { env, stdio }));
  } finally {
    closeSync(device);
  }
}

test.each([[["--version"]], [["--help"]], [["completion", "bash"]], [["completion", "bash", "--json"]]])(
  "%j into a full disk is one sentence and code 1",
  async (args) => {
    const { code, stderr } = await withFull(args, "stdout");
    expect(stderr).toMatch(/^Error: The work is done, but .*ENOSPC: no space left on device, write\n$/);
    expect(code).toBe(1);
  },
);

test("a failure keeps its code where it cannot be told, and a result that arrived keeps its own", async () => {
  expect(await withFull(["runs"], "both")).toMatchObject({ code: 2 });
  expect(await withFull(["runs", "--json"], "stdout")).toMatchObject({ code: 2 });
  expect(await withFull(["completion", "bash", "--log-level", "trace"], "stderr")).toMatchObject({ code: 0 });
});

test("a file at its size limit is an output that cannot be written", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "limit-"));
  const line = `ulimit -f 0; exec "$0" "$@" > ${folder}/out`;
  try {
    const { code, stderr } = await endOf(
      spawn("sh", ["-c", line, process.execPath, main, "completion", "bash"], {
        env,
        stdio: ["ignore", "ignore", "pipe"],
      }),
    );
    expect(stderr).toMatch(/^Error: The work is done, but .*EFBIG/);
    expect(code).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("in a deleted folder all works that needs no file there", async () => {
  const line = 'folder=$(mktemp -d); cd "$folder"; rmdir "$folder"; exec "$0" -- "$@"';
  const run = (...args: string[]) =>
    endOf(spawn("sh", ["-c", line, process.execPath, main, ...args], { env, stdio: ["ignore", "ignore", "pipe"] }));
  expect(await run("elasticsearch", "migrate", "--help")).toEqual({ code: 0, stderr: "" });
  expect(await run("completion", "bash")).toEqual({ code: 0, stderr: "" });
  const relative = await run("completion", "bash", "--env-file", "some.env");
  expect(relative.code).toBe(2);
  expect(relative.stderr).toContain("The environment file ./some.env cannot be read.");
});
