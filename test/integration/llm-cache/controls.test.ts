import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { runCli } from "../../../src/cli/run-cli.ts";
import type { RunRecord } from "../../../src/runs/run-record.ts";
import { fakeHost } from "../../support/fake-host.ts";
import { sideEnv } from "../../support/llm-cache/cli.ts";
import { md5, record } from "../../support/llm-cache/hostile.ts";
import { type Started, startLlmCache } from "../../support/llm-cache/process.ts";
import { type Caches, type LightragStore, lightragStores } from "../../support/llm-cache/stores.ts";

const records = 200;
const wanted: Caches = Object.fromEntries(
  Array.from({ length: records }, (_, at) => [`default:extract:${md5(String(at))}`, record(`answer ${at}`)]),
);
let source: LightragStore;
let target: LightragStore;
let folder: string;
let running: Started | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-controls-"));
  source = await lightragStores.RedisKVStorage();
  target = await lightragStores.PGKVStorage();
  await source.fill("from", wanted);
});
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.ended;
});
afterAll(async () => {
  await source.close();
  await target.close();
  await rm(folder, { recursive: true });
});

/** A slow migration into this workspace, in a process of its own, in its midst. */
async function inItsMidst(workspace: string): Promise<{ env: Record<string, string>; id: string; run: Started }> {
  const env = {
    ...sideEnv("SOURCE", source.env("from")),
    ...sideEnv("TARGET", target.env(workspace)),
    STATE_FILE: join(folder, `${workspace}.db`),
  };
  const flags = ["--source", "redis", "--target", "postgres", "--yes", "--batch-size", "10", "--max-rps", "40"];
  const run = startLlmCache(["migrate", ...flags], env);
  running = run;
  await Promise.race([run.begun, run.ended]);
  const { runs: known } = await app(env, "list");
  return { env, run, id: (known as RunRecord[]).find(({ status }) => status === "running")!.id };
}

/** `app runs ...` as another terminal would call it. */
async function app(env: Record<string, string>, ...args: string[]): Promise<Record<string, unknown>> {
  const host = fakeHost(["runs", ...args, "--json"], { env: { STATE_FILE: env["STATE_FILE"]! } });
  const code = await runCli(host);
  expect(code, host.err()).toBe(0);
  return JSON.parse(host.out()) as Record<string, unknown>;
}

async function arrived(workspace: string): Promise<number> {
  return Object.keys(await target.dump(workspace)).length;
}

/** The number once it stays the same for longer than two batches take at this rate. */
async function quiet(workspace: string): Promise<number> {
  for (let before = -1; ;) {
    const now = await arrived(workspace);
    if (now === before) return now;
    before = now;
    await sleep(1500);
  }
}

test("pause stops a migration between batches, set changes its limits meanwhile, and resume lets it end (K36)", async () => {
  const { env, id, run } = await inItsMidst("paused");
  await app(env, "pause", id);
  const there = await quiet("paused");
  expect(there).toBeGreaterThan(0);
  expect(there).toBeLessThan(records);
  expect(await app(env, "show", id)).toMatchObject({ status: "running", waiting: "paused" });
  await app(env, "set", id, "--max-rps", "off", "--batch-size", "100");
  await app(env, "resume", id);
  const { code, stdout } = await run.ended;
  expect(code).toBe(0);
  expect(stdout).toContain("Successfully migrated:   200");
  expect(await target.dump("paused")).toEqual(wanted);
  // ten by ten before, a hundred by a hundred afterwards
  const batches = Number(/Total batches: +(\d+)/.exec(stdout)![1]);
  expect(batches).toBeLessThan(20);
});

test("abort ends a migration as Ctrl-C does, and --resume goes on with it (K35, K36)", async () => {
  const { env, id, run } = await inItsMidst("aborted");
  await app(env, "abort", id);
  const stopped = await run.ended;
  expect([130, 143]).toContain(stopped.code);
  expect(stopped.stdout).toContain("Aborted from another terminal by app runs abort.");
  const there = await arrived("aborted");
  expect(there).toBeGreaterThan(0);
  expect(there).toBeLessThan(records);
  expect(await app(env, "show", id)).toMatchObject({ status: "interrupted" });
  const flags = ["--source", "redis", "--target", "postgres", "--yes", "--json", "--resume"];
  const rest = await startLlmCache(["migrate", ...flags], env).ended;
  expect(rest.code, rest.stderr).toBe(0);
  expect(JSON.parse(rest.stdout)).toMatchObject({ totals: { source: records, migrated: records, failed: 0 } });
  expect(await target.dump("aborted")).toEqual(wanted);
});
