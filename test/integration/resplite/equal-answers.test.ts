import { afterAll, beforeAll, expect, test } from "vitest";
import { createPrng } from "../../../dev/sample-logs/prng.ts";
import { randomCommand } from "../../support/resplite/random-commands.ts";
import { RawClient } from "../../support/resplite/raw-client.ts";
import { serverHere } from "../../support/resplite/server-here.ts";
import type { Reply } from "../../support/resplite/resp-replies.ts";
import { startRedis } from "../../../dev/servers/start-redis.ts";
import { edges } from "../../support/resplite/edges.ts";

const rounds = process.env["TEST_FULL"] === "1" ? 100 : 5;
const commandsOfARound = 1_000;

/** PTTL and TTL of two servers, asked one after the other, may be so far apart. */
const clockTolerance = 60_000;

let redis: Awaited<ReturnType<typeof startRedis>>;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

for (let round = 1; round <= rounds; round += 1) {
  test(`R3 to R11, R13 to R16: a thousand random commands get the answers that Redis gives, seed ${round}`, async () => {
    const server = await serverHere();
    using ours = await RawClient.open(server.port);
    using theirs = await RawClient.open(Number(new URL(redis.url).port));
    if (round % 2 === 0) await Promise.all([ours, theirs].map((client) => client.call("HELLO", "3")));
    await theirs.call("FLUSHALL");
    const prng = createPrng(`equal answers ${round}`);
    const commands = Array.from({ length: commandsOfARound }, () => randomCommand(prng));
    for (let at = 0; at < commands.length;) {
      const batch = commands.slice(at, (at += prng.integer(1, 60)));
      const [our, their] = await Promise.all([ours.pipeline(batch), theirs.pipeline(batch)]);
      for (const [index, command] of batch.entries()) {
        const [one, other] = [comparable(command, our[index]!), comparable(command, their[index]!)];
        if (!equal(command, one, other)) {
          expect({ command, reply: one, before: batch.slice(0, index) }).toEqual({
            command,
            reply: other,
            before: batch.slice(0, index),
          });
        }
      }
    }
  });
}

test.each(Object.entries(edges))("%s: each command answers at its edges as Redis does", async (_, commands) => {
  const server = await serverHere();
  using ours = await RawClient.open(server.port);
  using theirs = await RawClient.open(Number(new URL(redis.url).port));
  await theirs.call("FLUSHALL");
  const [our, their] = await Promise.all([ours.pipeline(commands), theirs.pipeline(commands)]);
  const answers = (replies: readonly Reply[]): string[] =>
    commands.map((command, at) => `${command.join(" ")} -> ${JSON.stringify(comparable(command, replies[at]!))}`);
  expect(answers(our)).toEqual(answers(their));
});

function comparable([name = ""]: string[], reply: Reply): Reply {
  const [type, value] = reply;
  if (!Array.isArray(value)) return reply;
  switch (name.toUpperCase()) {
    case "SMEMBERS":
      return [type, inOrder(value)];
    case "HGETALL":
      return [type, inOrder(pairsOf(value))];
    case "SCAN":
      return [type, [value[0]!, comparable(["SMEMBERS"], value[1])]];
    default:
      return reply;
  }
}

function equal([name = ""]: string[], [type, value]: Reply, [otherType, otherValue]: Reply): boolean {
  const isTime = ["TTL", "PTTL"].includes(name.toUpperCase()) && Number(value) > 0 && Number(otherValue) > 0;
  if (isTime) return Math.abs(Number(value) - Number(otherValue)) < clockTolerance;
  return type === otherType && JSON.stringify(value) === JSON.stringify(otherValue);
}

function pairsOf(values: readonly Reply[]): Reply[] {
  return values.flatMap((value, at) => (at % 2 === 0 ? [["pair", [value, values[at + 1]!]] as const] : []));
}

function inOrder(values: readonly Reply[]): Reply[] {
  const text = (reply: Reply): string => JSON.stringify(reply);
  return values.toSorted((one, other) => (text(one) < text(other) ? -1 : 1));
}
