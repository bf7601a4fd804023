/**
 * npm run bench:resplite [-- --runs 3 --requests 100000 --template default --port PORT]: our server beside a real
 * Redis, each command by redis-benchmark on one after the other, and the ratios. Prints a table in Markdown. `--port`
 * measures a server that runs already, such as another program.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startRedis } from "../dev/servers/start-redis.ts";
import { benchmark, type Measured } from "./resplite/redis-benchmark.ts";
import { startServer } from "./resplite/serve-process.ts";
import { markdown } from "./support/markdown.ts";

const commands = ["set", "get", "incr", "lpush", "rpop", "sadd", "hset", "zadd"];

interface Setting {
  readonly name: string;
  readonly flags: readonly string[];
  /** Requests are fewer where each takes longer. */
  readonly share: number;
}

const settings: readonly Setting[] = [
  { name: "10 clients", flags: ["-c", "10"], share: 0.5 },
  { name: "50 clients", flags: ["-c", "50"], share: 0.5 },
  { name: "50 clients, pipeline 16", flags: ["-c", "50", "-P", "16"], share: 2 },
];

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    requests: { type: "string", default: "100000" },
    template: { type: "string", default: "default" },
    port: { type: "string" },
  },
});
const runs = Number(values.runs);
const requests = Number(values.requests);
const folder = await mkdtemp(join(tmpdir(), "resplite-bench-"));
const redis = await startRedis();
const server = values.port === undefined ? await startServer(folder, values.template) : undefined;
try {
  const ports = { redis: Number(new URL(redis.url).port), ours: server?.port ?? Number(values.port) };
  const ratios: number[][] = [];
  const lines: string[][] = [];
  for (const setting of settings) {
    const line: string[] = [];
    const settingRatios: number[] = [];
    let p99 = 0;
    for (const command of commands) {
      const rounds = [];
      for (let run = 0; run < runs; run += 1) rounds.push(await round(ports, command, setting));
      const ratio = median(rounds.map(({ ours, theirs }) => ours.perSecond / theirs.perSecond));
      p99 = Math.max(p99, median(rounds.map(({ ours }) => ours.p99)));
      settingRatios.push(ratio);
      line.push(`${ratio.toFixed(2)} (${thousands(median(rounds.map(({ ours }) => ours.perSecond)))})`);
    }
    ratios.push(settingRatios);
    lines.push([setting.name, geometricMean(settingRatios).toFixed(2), ...line, `${p99.toFixed(1)} ms`]);
    console.error(lines.at(-1)!.join(" | "));
  }
  console.log(
    markdown({
      title: `Ratios to Redis, template ${values.template}`,
      heads: ["", "mean", ...commands.map((command) => command.toUpperCase()), "p99, the highest"],
      lines,
      figures: ratios,
      notes: [
        `Commands a second divided by those of Redis 7.0.15 without persistence, measured one after the other; median of ${runs} runs; in brackets our thousands a second. Values of 100 bytes, 10,000 keys.`,
      ],
    }),
  );
} finally {
  server?.stop();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
}

async function round(ports: { redis: number; ours: number }, command: string, { flags, share }: Setting) {
  const args = [...flags, "-n", String(Math.round(requests * share))];
  const theirs = await benchmark(ports.redis, command, args);
  const ours: Measured = await benchmark(ports.ours, command, args);
  return { ours, theirs };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function geometricMean(numbers: readonly number[]): number {
  return Math.exp(numbers.reduce((sum, number) => sum + Math.log(number), 0) / numbers.length);
}

function thousands(number: number): string {
  return `${(number / 1_000).toFixed(0)}k`;
}
