import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

interface Scripts {
  readonly scripts: { readonly app: string };
}

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
  expect(stdout).toContain(`SHELL=${shell} app --get-yargs-completions`);
});

test("completion takes the shell of the environment, and says when it knows none", async () => {
  expect((await app(["completion"], { SHELL: "/usr/bin/fish" })).stdout).toContain("complete -f -c app");
  const unknown = await app(["completion"], { SHELL: "/bin/ksh" });
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
});

test("the script's questions are answered", async () => {
  const ask = async (...words: string[]): Promise<string[]> => {
    const { stdout, stderr, code } = await app(["--get-yargs-completions", "app", ...words], { SHELL: "bash" });
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    return stdout.trim().split("\n");
  };
  expect(await ask("")).toEqual([
    "elasticsearch",
    "milvus",
    "resplite",
    "llm-cache",
    "stores",
    "db",
    "runs",
    "dashboard",
    "worker",
    "completion",
  ]);
  expect(await ask("--log")).toContain("--log-level");
  expect(await ask("elasticsearch", "retention", "")).toContain("unschedule");
  expect(await ask("elasticsearch", "migrate", "--")).toContain("--batch-bytes");
  expect(await ask("elasticsearch", "migrate", "--data-type", "")).toEqual([
    "workflow_runs",
    "app_logs",
    "node_executions",
    "all",
  ]);
  const described = await app(["--get-yargs-completions", ""], { SHELL: "fish" });
  expect(described.stdout).toMatch(/^elasticsearch\tMove workflow logs/m);
});

test("a bash that read the script completes", async () => {
  const script = `
    app() { "${process.execPath}" src/cli/main.ts "$@"; }
    source <(app completion bash)
    COMP_WORDS=(app elast); COMP_CWORD=1; COMP_LINE="app elast"; COMP_POINT=9
    _app_yargs_completions app elast app; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const shell = spawn("bash", ["-c", script]);
  expect((await text(shell.stdout)).trim()).toMatch(/^elasticsearch/);
});

test("a reader that has gone ends the program quietly with its own code", async () => {
  const child = start(["completion", "bash"]);
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
});

// Where Node's options do not end before the script, it takes --env-file for its own and ends with 9.
test.each([
  [
    "the shebang",
    () =>
      readFileSync("src/cli/main.ts", "utf8")
        .split("\n")[0]!
        .replace(/^#!\/usr\/bin\/env -S /, ""),
  ],
  ["npm run app", () => (JSON.parse(readFileSync("package.json", "utf8")) as Scripts).scripts.app],
])("--env-file reaches the program by %s", async (_name, line) => {
  const words = line().replace(/ dist\/cli\/main\.js$/, "");
  const run = (...args: string[]) => spawn("sh", ["-c", `${words} src/cli/main.ts "$@"`, "sh", ...args]);
  for (const args of [
    ["db", "current", "--env-file", "/nope", "--json"],
    ["db", "current", "--json", "--env-file=/nope"],
  ]) {
    const child = run(...args);
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ command: "db current", error: { code: "unreadable_env_file" } });
  }
});

test("wrong input ends with code 2 and the nearest suggestion", async () => {
  const { stdout, stderr, code } = await app(["elasticserch", "migrate"]);
  expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
  expect(stderr).toContain("Did you mean elasticsearch?");
});
