/**
 * npm run bench:resplite-import [-- --keys 200000]: the importer on a Redis with mixed keys, beside inserting alone
 * (the same kinds of values, from memory, in transactions of 200 keys); its peak of memory; and how long the source
 * takes to answer a ping before and during an import at the default limits. Prints a table in Markdown.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startRedis } from "../dev/servers/start-redis.ts";
import { type Data, openData } from "../src/resplite/data/data.ts";
import { kinds } from "../src/resplite/data/entry.ts";
import { replaceKey, type StoredValue } from "../src/resplite/data/stored-value.ts";
import { type BinaryClient, connectBinary } from "../src/stores/redis/binary-client.ts";
import { measuredProcess } from "./measured-process.ts";
import { markdown } from "./support/markdown.ts";

const { values } = parseArgs({ options: { keys: { type: "string", default: "200000" } } });
const keys = Number(values.keys);
const batch = 200;
const pingSeconds = 8;
const folder = await mkdtemp(join(tmpdir(), "resplite-import-bench-"));
const redis = await startRedis();
const client = await connectBinary({ uri: redis.url });
const never = new AbortController().signal;
try {
  await fill();
  const before = await pings(() => sleep(pingSeconds * 1000));
  const alone = await insertAlone();
  const whole = await imported("whole", ["--max-rps", "off"], never);
  const stop = AbortSignal.timeout(pingSeconds * 1000);
  const during = await pings(() => imported("slow", [], stop).catch(() => undefined));
  const perSecond = keys / whole.seconds;
  console.log(
    markdown({
      title: `Import of ${keys} mixed keys`,
      heads: ["inserting alone", "import", "ratio", "peak memory", "p99 of a ping before", "at the default limits"],
      lines: [
        [
          `${alone.toFixed(0)}/s`,
          `${perSecond.toFixed(0)}/s`,
          (perSecond / alone).toFixed(2),
          `${(whole.peakBytes / 1e6).toFixed(0)} MB`,
          `${before.toFixed(2)} ms`,
          `${during.toFixed(2)} ms`,
        ],
      ],
      figures: { alone, perSecond, peakBytes: whole.peakBytes, before, during },
      notes: ["The time of an import is that of the whole process, its start included."],
    }),
  );
} finally {
  client.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
}

/** A fifth of the keys of each kind; strings of 100 bytes, containers of five elements. */
function valueOf(at: number): StoredValue {
  const five = [0, 1, 2, 3, 4].map((element) => Buffer.from(`element ${element} of ${at} ${"x".repeat(20)}`));
  const kind = at % 5;
  if (kind === 0) return { kind: kinds.string, value: Buffer.alloc(100, "v") };
  if (kind === 1) return { kind: kinds.hash, pairs: five.flatMap((field) => [field, Buffer.from("value")]) };
  if (kind === 2) return { kind: kinds.set, members: five };
  if (kind === 3) return { kind: kinds.list, values: five };
  return { kind: kinds.zset, scored: five.map((member, score) => [member, score]) };
}

function keyOf(at: number): Buffer {
  return Buffer.from(`key:${at}`);
}

async function fill(): Promise<void> {
  for (let from = 0; from < keys; from += 5_000) {
    const sent = [];
    for (let at = from; at < Math.min(from + 5_000, keys); at += 1) sent.push(write(client, keyOf(at), valueOf(at)));
    await Promise.all(sent);
  }
}

function write(target: BinaryClient, key: Buffer, value: StoredValue): Promise<unknown> {
  if (value.kind === kinds.string) return target.send("SET", key, value.value);
  if (value.kind === kinds.hash) return target.send("HSET", key, ...value.pairs);
  if (value.kind === kinds.set) return target.send("SADD", key, ...value.members);
  if (value.kind === kinds.list) return target.send("RPUSH", key, ...value.values);
  return target.send("ZADD", key, ...value.scored.flatMap(([member, score]) => [String(score), member]));
}

/** Keys a second, values made beforehand. */
async function insertAlone(): Promise<number> {
  using data: Data = openData(join(folder, "alone.db"));
  const made = Array.from({ length: keys }, (_, at) => [keyOf(at), valueOf(at)] as const);
  const start = performance.now();
  for (let from = 0; from < keys; from += batch) {
    data.transaction(() => {
      for (const [key, value] of made.slice(from, from + batch)) replaceKey(data, key, value, 0);
    });
  }
  return (keys * 1000) / (performance.now() - start);
}

async function imported(name: string, flags: readonly string[], signal: AbortSignal) {
  const to = join(folder, `${name}.db`);
  const start = performance.now();
  const args = ["resplite", "bulk", "--run-id", name, "--from", redis.url, "--to", to, ...flags];
  const { peakBytes } = await measuredProcess(args, { PATH: process.env["PATH"] }, signal);
  return { peakBytes, seconds: (performance.now() - start) / 1000 };
}

/** Milliseconds within which 99 of 100 pings are answered while `work` is done. */
async function pings(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  const done = new AbortController();
  const working = work().finally(() => done.abort());
  while (!done.signal.aborted) {
    const start = performance.now();
    await client.send("PING");
    times.push(performance.now() - start);
    await sleep(2);
  }
  await working;
  return times.toSorted((one, other) => one - other)[Math.floor(times.length * 0.99)]!;
}
