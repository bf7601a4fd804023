import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { needs } from "../support/needs.ts";

const demo = fileURLToPath(new URL("../../dev/demo.ts", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "demo-test-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The demo on the tests' servers, with all its temporary files in `folder`; `watch` sees what it printed so far. */
async function runDemo(watch: (output: string, stop: () => void) => void = () => {}): Promise<[number, string]> {
  const child = spawn(process.execPath, [demo, "--node-executions", "800"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      TMPDIR: folder,
      TEST_DATABASE_URL: await needs("postgres"),
      TEST_ELASTICSEARCH_URL: await needs("elasticsearch"),
      // Settings of the reader's own platform, which the demo must not follow.
      DATABASE_URL: "postgresql://nobody:wrong@127.0.0.1:1/nothing",
      ELASTICSEARCH_HOSTS: '["http://127.0.0.1:1"]',
      ELASTICSEARCH_ENABLED: "false",
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      watch(output, () => child.kill("SIGINT"));
    });
  }
  const [code] = (await once(child, "close")) as [number];
  return [code, output];
}

async function whatIsLeft(): Promise<string[]> {
  const sql = new Client({ connectionString: await needs("postgres") });
  await sql.connect();
  const { rows } = await sql.query<{ name: string }>(
    "SELECT datname AS name FROM pg_database WHERE datname LIKE 'log_archive_demo_%'",
  );
  await sql.end();
  const names = async (path: string, pattern: RegExp): Promise<string[]> => {
    const answer = await fetch(`${await needs("elasticsearch")}/${path}`);
    return (await answer.text()).match(pattern) ?? [];
  };
  return [
    ...(await readdir(folder)),
    ...rows.map(({ name }) => name),
    ...(await names("_cat/indices?h=index&expand_wildcards=all", /^demo-.*$/gm)),
    ...(await names("_index_template?filter_path=index_templates.name", /demo-[^"]*/g)),
  ];
}

test("shows the main job, proves it, and leaves nothing behind", { timeout: 60_000 }, async () => {
  const [code, output] = await runDemo();
  expect(output).not.toContain("FAILED");
  expect(code, output).toBe(0);
  expect(output).toMatch(/^✓ PROOF: [\d,]+ rows and as many documents; all 24 columns of the document equal its row$/m);
  expect(output.match(/^\$ app .*$/gm)).toEqual([
    "$ app elasticsearch preflight",
    "$ app elasticsearch migrate --dry-run",
    "$ app elasticsearch migrate",
    "$ app elasticsearch migrate",
    "$ app elasticsearch status",
  ]);
  const { password } = new URL(await needs("postgres"));
  expect(password !== "" && output.includes(password), "the password is printed").toBe(false);
  expect(await whatIsLeft()).toEqual([]);
});

test("stopped on its way, it leaves nothing behind either", { timeout: 60_000 }, async () => {
  let stopped = false;
  const [code, output] = await runDemo((printed, stop) => {
    if (stopped || !/^\$ app elasticsearch migrate$/m.test(printed)) return;
    stopped = true;
    stop();
  });
  expect(code, output).toBe(130);
  expect(output).toContain("The demo was stopped.");
  expect(await whatIsLeft()).toEqual([]);
});
