import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createPrng, type Prng } from "../../../../dev/sample-logs/prng.ts";
import type { BinaryClient } from "../../../../src/stores/redis/binary-client.ts";
import { applyOnce, type Import, startImport, verifyOnce } from "./imports.ts";

const seeds = process.env["TEST_FULL"] ? Array.from({ length: 10 }, (_, n) => n + 1) : [1];
const keyCount = 3000;

/**
 * One write of any kind to one of the keys, as a platform would: also expiries, renames, and keys that change their
 * type.
 */
function write(client: BinaryClient, random: Prng): Promise<unknown> {
  const key = `key:${random.integer(0, keyCount - 1)}`;
  const member = `m${random.integer(0, 19)}`;
  const number = String(random.integer(0, 999));
  const kinds = [
    ["SET", `s:${key}`, number],
    ["SET", `s:${key}`, number, "PX", String(1 + random.integer(0, 2999))],
    ["INCR", `n:${key}`],
    ["HSET", `h:${key}`, member, number],
    ["HDEL", `h:${key}`, member],
    ["LPUSH", `l:${key}`, member, number],
    ["LPOP", `l:${key}`],
    ["RPUSH", `l:${key}`, number],
    ["ZADD", `z:${key}`, number, member],
    ["ZREM", `z:${key}`, member],
    ["SADD", `t:${key}`, member],
    ["SREM", `t:${key}`, member],
    ["EXPIRE", `h:${key}`, "1000"],
    ["PERSIST", `h:${key}`],
    ["PEXPIRE", `t:${key}`, String(1 + random.integer(0, 1999))],
    ["DEL", `s:${key}`, `l:${key}`],
    ["RENAME", `z:${key}`, `z:key:${random.integer(0, keyCount - 1)}`],
    ["GETDEL", `s:${key}`],
  ];
  return client.send(...random.pick(kinds)).catch(() => {}); // RENAME of none, or Redis is being restarted
}

async function keepWriting(client: BinaryClient, seed: number, signal: AbortSignal): Promise<number> {
  const random = createPrng(`live ${seed}`);
  let writes = 0;
  while (!signal.aborted) {
    await Promise.all(Array.from({ length: 20 }, () => write(client, random)));
    writes += 20;
    await sleep(1);
  }
  return writes;
}

/** The program itself, as a process. */
function app(...args: string[]): ChildProcess & { output: string } {
  const child = spawn(process.execPath, ["src/cli/main.ts", "resplite", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const program = Object.assign(child, { output: "" });
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => (program.output += text.toString()));
  onTestFinished(() => void child.kill("SIGKILL"));
  return program;
}

async function untilSays(program: ChildProcess & { output: string }, text: string): Promise<void> {
  while (!program.output.includes(text)) {
    if (program.exitCode !== null) throw new Error(`ended before it said "${text}": ${program.output}`);
    await sleep(20);
  }
}

async function ended(child: ChildProcess): Promise<number | string> {
  if (child.exitCode !== null) return child.exitCode;
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return code ?? signal ?? "";
}

test.each(seeds)(
  "R48 R53 the file equals Redis after the freeze, whatever was killed while applications wrote (seed %i)",
  { timeout: 240_000 },
  async (seed) => {
    const one: Import = await startImport(["--appendonly", "yes"]);
    const random = createPrng(`live ${seed}`);
    const filling = new AbortController();
    const filled = keepWriting(one.client, seed, filling.signal);
    await sleep(500);

    const shared = ["--run-id", one.runId, "--from", one.from, "--to", one.to];
    const trackerArgs = ["tracker", "start", ...shared];
    let tracker = app(...trackerArgs);
    await untilSays(tracker, "Dirty tracker running");

    const bulkArgs = ["bulk", ...shared, "--resume", "--max-rps", "2000", "--batch-keys", "20", "--scan-count", "50"];
    let code: number | string = -1;
    for (let kills = 0; kills < 4 && code !== 0; kills++) {
      const importer = app(...bulkArgs);
      const over = ended(importer);
      const killed = sleep(1500 + random.integer(0, 1499)).then(() => importer.kill("SIGKILL"));
      code = await Promise.race([over, killed.then(() => over)]);
      if (kills === 1) {
        tracker.kill("SIGKILL");
        await ended(tracker);
        await sleep(200);
        tracker = app(...trackerArgs);
        await untilSays(tracker, "Dirty tracker running");
      }
      if (kills === 2) await one.redis.restart();
    }
    const last = app(...bulkArgs.map((arg) => (arg === "2000" ? "off" : arg)));
    expect(await ended(last), last.output).toBe(0);
    await sleep(300);

    filling.abort(); // the freeze
    expect(await filled).toBeGreaterThan(100);
    const report = await applyOnce(one);
    expect(report).toMatchObject({ end: "completed", failed: 0 });
    expect(report.dirty.waiting).toBe(0);
    const verified = await verifyOnce(one);
    expect(verified.first).toEqual([]);
    expect(verified).toMatchObject({ status: "match", mismatches: 0 });
    expect(verified.sampled).toBeGreaterThan(100);

    const stop = app("tracker", "stop", "--run-id", one.runId, "--to", one.to);
    expect(await ended(stop), stop.output).toBe(0);
    expect(await ended(tracker), tracker.output).toBe(0);
  },
);

test("without a tracker the same leaves differences", async () => {
  const one = await startImport();
  const stop = new AbortController();
  const writing = keepWriting(one.client, 7, stop.signal);
  await sleep(300);
  const shared = ["--run-id", one.runId, "--from", one.from, "--to", one.to];
  const importer = app("bulk", ...shared, "--max-rps", "off");
  expect(await ended(importer), importer.output).toBe(0);
  await sleep(300);
  stop.abort();
  await writing;
  const delta = app("apply-dirty", ...shared);
  expect(await ended(delta), delta.output).toBe(3);
  expect(delta.output).toContain("No tracker ever listened");
  expect((await verifyOnce(one)).mismatches).toBeGreaterThan(0);
});
