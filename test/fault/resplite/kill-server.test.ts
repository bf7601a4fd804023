import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import { type Data, openData } from "../../../src/resplite/data/data.ts";
import { pragmaTemplates } from "../../../src/stores/sqlite/pragmas.ts";
import { temporaryFile } from "../../support/resplite/data-file.ts";
import { RawClient } from "../../support/resplite/raw-client.ts";
import { startServerProcess } from "../../support/resplite/server-process.ts";

const kills = process.env["TEST_FULL"] === "1" ? 25 : 5;
const writers = 6;
const b = (text: string): Buffer => Buffer.from(text, "latin1");

/** Enough of these that the thread which writes the log to the file is at work when some of the kills come. */
function large(text: string): string {
  return `${text};`.repeat(512 * 1024).slice(0, 512 * 1024);
}

/** How often each writer's round was acknowledged whole. */
async function write(port: number, writer: number, acknowledged: number[], from: number): Promise<void> {
  using client = await RawClient.open(port);
  for (let round = from; ; round += 1) {
    const text = String(round);
    const replies = await client.pipeline([
      ["SET", `string:${writer}`, text],
      ["MSET", `one:${writer}`, text, `two:${writer}`, text],
      ["HSET", `hash:${writer}`, "a", text, "b", text],
      ["RPUSH", `list:${writer}`, text, text, text],
      ["SADD", `set:${writer}`, text, `${text}'`],
      ["ZADD", `zset:${writer}`, text, text],
      ["SET", `large:${writer}`, large(text)],
    ]);
    if (replies.some(([type]) => type === "-")) throw new Error(JSON.stringify(replies));
    acknowledged[writer] = round;
  }
}

test(
  `R5, R16: after ${kills} kills in the middle of writes all that was acknowledged is there, and no container half`,
  { timeout: 600_000 },
  async () => {
    const prng = createPrng(`kills ${process.env["TEST_SEED"] ?? "1"}`);
    const db = temporaryFile();
    const acknowledged = Array.from({ length: writers }, () => 0);
    for (let kill = 0; kill < kills; kill += 1) {
      const template = pragmaTemplates[kill % pragmaTemplates.length]!;
      const server = await startServerProcess(["--db", db, "--port", "0", "--pragma-template", template]);
      const start = Math.max(...acknowledged);
      const work = acknowledged.map((_, writer) => write(server.port, writer, acknowledged, start + 1).catch(() => {}));
      while (acknowledged.some((round) => round <= start + 1)) await sleep(1);
      await sleep(prng.integer(0, 300));
      await server.end("SIGKILL");
      await Promise.all(work);
      using data = openData(db);
      for (let writer = 0; writer < writers; writer += 1) checkWriter(data, writer, acknowledged[writer]!);
      expect(data.file.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
      expect(data.file.prepare("PRAGMA foreign_key_check").all()).toEqual([]);
    }
    expect(Math.min(...acknowledged)).toBeGreaterThan(kills);
  },
);

/** A round that was cut off may be there or not, each of its commands whole. */
function checkWriter({ strings, hashes, lists, sets, zsets }: Data, writer: number, acknowledged: number): void {
  const least = (value: Buffer | undefined): void => expect(Number(value)).toBeGreaterThanOrEqual(acknowledged);
  least(strings.get(b(`string:${writer}`)));
  least(strings.get(b(`one:${writer}`)));
  expect(strings.get(b(`two:${writer}`))).toEqual(strings.get(b(`one:${writer}`)));
  const [, a, , other] = hashes.getAll(b(`hash:${writer}`));
  least(a);
  expect(other).toEqual(a);
  const items = lists.range(b(`list:${writer}`), 0, -1).map(Number);
  least(b(String(items.at(-1))));
  expect(items.length % 3).toBe(0);
  expect(items).toEqual(items.toSorted((one, next) => one - next));
  const members = sets.all(b(`set:${writer}`)).map(String);
  expect(members).toContain(String(acknowledged));
  expect(members.filter((member) => member.endsWith("'")).length * 2).toBe(members.length);
  const whole = String(strings.get(b(`large:${writer}`)));
  least(b(whole.split(";")[0]!));
  expect(whole === large(whole.split(";")[0]!)).toBe(true);
  expect(zsets.score(b(`zset:${writer}`), b(String(acknowledged)))).toBe(acknowledged);
}
