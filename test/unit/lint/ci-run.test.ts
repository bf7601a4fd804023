import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "ci-"));
  await Promise.all([".ci", "bin"].map((name) => mkdir(path.join(folder, name))));
  await cp(".ci/run", path.join(folder, ".ci/run"));
  await tool("java", "echo 'openjdk version \"25.0.1\" 2025-10-21' >&2");
  await tool("mvn", "true");
  await tool("apt-get", "echo apt-get was called; exit 1");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function tool(name: string, script: string): Promise<void> {
  const file = path.join(folder, "bin", name);
  await writeFile(file, `#!/bin/bash\n${script}\n`);
  await chmod(file, 0o755);
}

/** Runs the script with an npm whose `npm test` is `tests`. */
async function ciRun(
  tests: string,
  install = "true",
): Promise<{ code: number; output: string; lastLine: string | undefined }> {
  await tool("npm", `if [ "$1" = ci ]; then ${install}; exit; fi\n${tests}`);
  const env = { ...process.env, PATH: `${folder}/bin:${process.env["PATH"]}`, JAVA_HOME: "", ES_JAVA_HOME: "" };
  return new Promise((resolve) => {
    const child = execFile(path.join(folder, ".ci/run"), { env }, (_error, stdout, stderr) => {
      const lines = stdout.trimEnd().split("\n");
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr, lastLine: lines.at(-1) });
    });
  });
}

test("it passes, needs no installation, and its last line is the count", { timeout: 30_000 }, async () => {
  const { code, output, lastLine } = await ciRun("echo '12 passed, 0 failed, 1 skipped'");
  expect({ code, lastLine }).toEqual({
    code: 0,
    lastLine: expect.stringMatching(/^result: passed, Java \d+: 12 passed, 0 failed, 1 skipped$/),
  });
  expect(output).not.toContain("apt-get was called");
});

test.each([
  ["a failed test", "echo '1 passed, 1 failed'; exit 1", "true", "FAILED: npm test"],
  ["a failed installation", "true", "exit 1", "FAILED: npm ci"],
  ["a suite that did not run", "echo 'NOT RUN: no Java'; echo '1 passed, 0 failed'", "true", "NOT RUN: no Java"],
])("%s fails it", { timeout: 30_000 }, async (_what, tests, install, reason) => {
  const { code, lastLine } = await ciRun(tests, install);
  expect(code).toBe(1);
  expect(lastLine).toContain(reason);
});

test("a process left behind fails it and is stopped, though it left its group", { timeout: 60_000 }, async () => {
  const { code, lastLine } = await ciRun(
    `setsid sleep 4321 >/dev/null 2>&1 & echo $! >"${folder}/pid"; echo '1 passed, 0 failed'`,
  );
  expect(code).toBe(1);
  expect(lastLine).toContain("left running: sleep 4321");
  const pid = (await readFile(path.join(folder, "pid"), "utf8")).trim();
  expect(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).toBe("");
});
