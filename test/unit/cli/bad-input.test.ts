import { createServer } from "node:net";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPrng, type Prng } from "../../../dev/sample-logs/prng.ts";
import type { Command, Entry, Group } from "../../../src/cli/command.ts";
import { commands } from "../../../src/cli/commands/index.ts";
import { runCli } from "../../../src/cli/run-cli.ts";
import { fakeHost } from "../../support/fake-host.ts";

const full = process.env["TEST_FULL"] === "1";
const lines = full ? 20_000 : 400;
const secret = "s3cr3t-0f-the-test";

/** Takes connections and hangs up: a command that was refused its arguments must not have come here. */
let touched = 0;
const server = createServer((socket) => {
  touched++;
  socket.on("error", () => {});
  socket.destroy();
});
let folder: string;
let port: number;
const known: { path: string[]; flags: string[] }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bad-input-"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
  // what serves, or talks to a person, has tests of its own
  const groups = commands.filter(({ command }) => ["elasticsearch", "db", "runs"].includes(command.split(" ")[0]!));
  for (const entry of groups) await collect(entry, []);
  expect(known.length).toBeGreaterThan(25);
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

async function collect(entry: Entry, above: string[]): Promise<void> {
  const { default: loaded }: { default: Command | Group } = await entry.load();
  const path = [...above, entry.command.split(" ")[0]!];
  if (!("entries" in loaded)) return void known.push({ path, flags: Object.keys(loaded.flags).map(dashed) });
  if (loaded.own !== undefined) known.push({ path, flags: Object.keys(loaded.own.flags).map(dashed) });
  for (const child of loaded.entries) await collect(child, path);
}

function dashed(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const globals = [
  "--json",
  "--quiet",
  "--no-progress",
  "--wide",
  "--yes",
  "--log-level",
  "--env-file",
  "--nonsense",
  "-x",
  "--",
];
const values = [
  "",
  " ",
  "0",
  "-1",
  "1e9",
  "99999999999999999999",
  "NaN",
  "*",
  "a,b",
  "../../etc/passwd",
  "/dev/null",
  "2025-02-30",
  "2025-01-01",
  "9999-12-31T23:59:59.9999999Z",
  "all",
  "node_executions",
  "0f8fad5b-d9cb-469f-a165-70867728950e",
  "tenant-123",
  "\u001b[31mred\u009b2J",
  "a\u202egnp.exe",
  "line\nfeed\u0000null",
  "你好 \u{1f600}",
  "=cmd|' /C calc'!A0",
  "__proto__",
  "constructor",
  "x".repeat(5000),
  "5MB",
  "true",
  "full",
  "--full",
];
const variables = [
  "ELASTICSEARCH_TIMEOUT",
  "ELASTICSEARCH_INDEX_PREFIX",
  "ELASTICSEARCH_NUMBER_OF_SHARDS",
  "ELASTICSEARCH_REFRESH_INTERVAL",
  "ELASTICSEARCH_VERIFY_CERTS",
  "ELASTICSEARCH_ENABLED",
  "ELASTICSEARCH_HOSTS",
  "ELASTICSEARCH_CA_CERTS",
  "SOURCE_TIME_ZONE",
  "DATABASE_URL",
  "DB_PORT",
  "STORAGE_TYPE",
  "EVIDENCE_SIGNING_KEY",
  "STATE_FILE",
];

function lineOf(prng: Prng): { args: string[]; env: Record<string, string> } {
  const { path, flags } = prng.pick(known);
  const args = [...path];
  const words = prng.integer(0, 6);
  for (let at = 0; at < words; at++) {
    const flag = prng.chance(0.8) && flags.length > 0 ? prng.pick(flags) : prng.pick(globals);
    if (prng.chance(0.1)) args.push(prng.pick(values));
    else if (prng.chance(0.3)) args.push(`${flag}=${prng.pick(values)}`);
    else args.push(flag, ...(prng.chance(0.6) ? [prng.pick(values)] : []));
  }
  const env: Record<string, string> = {
    DATABASE_URL: `postgresql://someone:${secret}@127.0.0.1:${port}/none`,
    ELASTICSEARCH_HOSTS: `http://127.0.0.1:${port}`,
    ELASTICSEARCH_PASSWORD: secret,
    ELASTICSEARCH_USERNAME: "someone",
    ELASTICSEARCH_MAX_RETRIES: "0",
    ELASTICSEARCH_TIMEOUT: "1",
    STATE_FILE: join(folder, "none", "state.db"),
  };
  if (prng.chance(0.3)) env[prng.pick(variables)] = prng.pick(values);
  return { args, env };
}

const steering = /(?![\t\n])[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

test(
  `${lines} generated command lines: no stack trace, no secret, nothing that steers a terminal, the right exit code, and no server asked where it is 2`,
  { timeout: 1_800_000 },
  async () => {
    const seed = process.env["TEST_SEED"] ?? String(Math.floor(Math.random() * 1e9));
    const prng = createPrng(seed);
    const codes = new Map<number, number>();
    for (let at = 0; at < lines; at++) {
      const { args, env } = lineOf(prng);
      const before = touched;
      const host = fakeHost(args, { env, workingDirectory: folder, signal: AbortSignal.timeout(20_000) });
      const code = await runCli(host);
      const [out, err] = [host.out(), host.err()];
      const clue = `seed ${seed}, line ${at}: ${JSON.stringify({ args, env })}\n${out}\n${err}`;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect([0, 1, 2], clue).toContain(code); // there is nothing that could have findings
      expect(out + err, clue).not.toMatch(/^\s+at .*[:(]\d+|This is a defect/m);
      expect(out + err, clue).not.toContain(secret);
      expect(steering.exec(out + err), clue).toBeNull();
      if (code === 2) expect(touched, clue).toBe(before);
      if (args.includes("--json") && !args.slice(0, args.indexOf("--json")).includes("--") && !args.includes("--help"))
        if (out !== "") expect(() => JSON.parse(out) as unknown, clue).not.toThrow();
    }
    expect(Array.from(codes.keys())).toEqual(expect.arrayContaining([1, 2]));
    expect(await readdir(folder)).toEqual([]);
  },
);
