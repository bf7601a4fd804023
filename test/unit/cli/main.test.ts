import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

function start(args: string[], env: Record<string, string> = {}) {
  return spawn(process.execPath, ["src/cli/main.ts", ...args], { env: { ...process.env, ...env } });
}

async function app(args: string[], env: Record<string, string> = {}) {
  const child = start(args, env);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { stdout, stderr, code: code as number };
}

test.each(["bash", "zsh", "fish"])("completion %s prints a script that asks the program", async (shell) => {
  const { stdout, stderr, code } = await app(["completion", shell]);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout).toContain("app complete --");
});

test("completion takes the shell of the environment, and says when it knows none", async () => {
  expect((await app(["completion"], { SHELL: "/usr/bin/fish" })).stdout).toContain("fish completion for app");
  const unknown = await app(["completion"], { SHELL: "/bin/ksh" });
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
});

test("the script's questions are answered", async () => {
  const groups = await app(["complete", "--", ""]);
  expect(groups.stdout).toMatch(/^elasticsearch\t/m);
  expect(groups.stdout).not.toMatch(/^complete\t/m);
  expect((await app(["complete", "--", "--log"])).stdout).toMatch(/^--log-level\t/m);
});

test("a bash that read the script completes", async () => {
  const script = `
    app() { "${process.execPath}" src/cli/main.ts "$@"; }
    source <(app completion bash)
    COMP_WORDS=(app elast); COMP_CWORD=1; COMP_LINE="app elast"; COMP_POINT=9
    __app_complete app elast app; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const shell = spawn("bash", ["-c", script]);
  expect((await text(shell.stdout)).trim()).toMatch(/^elasticsearch/);
});

test("a reader that has gone ends the program quietly with its own code", async () => {
  const child = start(["completion", "bash"]);
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
});

test("wrong input ends with code 2 and the nearest suggestion", async () => {
  const { stdout, stderr, code } = await app(["elasticserch", "migrate"]);
  expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
  expect(stderr).toContain("Did you mean elasticsearch?");
});
