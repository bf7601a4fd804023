import { expect, test } from "vitest";
import { createPrng } from "../../../../dev/sample-logs/prng.ts";
import { protocolLimits } from "../../../../src/resplite/server/protocol/limits.ts";
import { ProtocolError, RequestReader } from "../../../../src/resplite/server/protocol/request-reader.ts";
import { noise } from "../../../support/resplite/noise.ts";

/** What is read of these pieces, as text, and how it ended. */
function read(pieces: readonly Buffer[]): string[] {
  const reader = new RequestReader({ ...protocolLimits, bulkBytes: 1_000_000 });
  const found: string[] = [];
  try {
    for (const piece of pieces) {
      reader.push(Buffer.from(piece));
      for (let args = reader.next(); args !== undefined; args = reader.next()) {
        found.push(JSON.stringify(args.map((arg) => arg.toString("latin1"))));
      }
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    found.push(error.message);
  }
  return found;
}

test("R16: 20,000 noisy frames are commands or protocol errors, the same however they are cut", () => {
  const prng = createPrng(`noise ${process.env["TEST_SEED"] ?? "1"}`);
  let commands = 0;
  let errors = 0;
  for (let frames = 0; frames < 20_000;) {
    const count = prng.integer(1, 5);
    const sent = Buffer.from(Array.from({ length: count }, () => noise(prng)).join(""), "latin1");
    const whole = read([sent]);
    const pieces: Buffer[] = [];
    for (let at = 0; at < sent.length;) pieces.push(sent.subarray(at, (at += prng.integer(1, 12))));
    const inPieces = read(pieces);
    // an error may show before the end of its line has come
    expect(inPieces).toEqual(whole);
    frames += count;
    commands += whole.filter((text) => text.startsWith("[")).length;
    errors += whole.filter((text) => !text.startsWith("[")).length;
  }
  expect(commands).toBeGreaterThan(1_000);
  expect(errors).toBeGreaterThan(1_000);
});

test("a command of many arguments that comes in small pieces takes time in proportion to its length", () => {
  const reader = new RequestReader(protocolLimits);
  const count = 200_000;
  const sent = Buffer.from(`*${count}\r\n${"$1\r\nx\r\n".repeat(count)}`);
  let pushes = 0;
  let args: Buffer[] | undefined;
  for (let at = 0; at < sent.length; at += 1_000) {
    reader.push(sent.subarray(at, at + 1_000));
    args = reader.next();
    pushes += 1;
  }
  expect(args).toHaveLength(count);
  expect(pushes).toBeGreaterThan(1_000);
  expect(reader.held).toBe(0);
});

test("a length that is announced takes no memory before its bytes have come, and a command has a limit as a whole", () => {
  const reader = new RequestReader({ ...protocolLimits, bulkBytes: 100, commandBytes: 150 });
  reader.push(Buffer.from("*1000000\r\n$100\r\n"));
  expect(reader.next()).toBeUndefined();
  expect(reader.held).toBe(0);
  reader.push(Buffer.from(`${"x".repeat(100)}\r\n$51\r\n`));
  expect(() => reader.next()).toThrow("too big command");
});
