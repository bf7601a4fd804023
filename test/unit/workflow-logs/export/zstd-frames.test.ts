import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { unzstd } from "../../../../src/workflow-logs/export/zstd-frames.ts";

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpacked(bytes: Buffer, chunk = 10_000): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of unzstd(chunksOf(bytes, chunk))) parts.push(part);
  return Buffer.concat(parts);
}

const withChecksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const skippable = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from("any")]);
const contents = [
  Buffer.from('{"id":1}\n'.repeat(40)),
  Buffer.alloc(0),
  Buffer.alloc(300_000), // blocks of one repeated byte
  randomBytes(200_000), // blocks that are not compressed
  Buffer.from("the end"),
];
const frames = contents.map((content, at) => zstdCompressSync(content, at % 2 === 0 ? withChecksum : {}));
const file = Buffer.concat([frames[0]!, skippable, ...frames.slice(1)]);
const ends = new Set<number>();
for (let at = 0, length = 0; at < frames.length; at++) {
  ends.add((length += frames[at]!.length));
  if (at === 0) ends.add((length += skippable.length));
}

test.each([1, 7, 4096, file.length])("every frame is read, in chunks of %i", async (chunk) => {
  expect((await unpacked(file, chunk)).equals(Buffer.concat(contents))).toBe(true);
});

test("an end within a frame is an error wherever it is", async () => {
  const places = Array.from({ length: file.length }, (_, at) => at).filter(
    (at) => !ends.has(at) && at > 0 && (at < 150 || at > file.length - 60 || at % 4999 === 0),
  );
  expect(places.length).toBeGreaterThan(200);
  for (const at of places) await expect(unpacked(file.subarray(0, at)), `${at}`).rejects.toThrow();
});

test("a byte that changed in a frame with a checksum is an error", async () => {
  const [frame] = frames;
  for (let at = 0; at < frame!.length; at++) {
    const changed = Buffer.from(frame!);
    changed[at]! ^= 0x10;
    const outcome = await unpacked(changed).then(
      (bytes) => bytes.equals(contents[0]!) || bytes.length === 0, // a skippable frame holds nothing
      () => true,
    );
    expect(outcome, `${at}`).toBe(true);
  }
});

test("what is no zstd is an error, and an empty file is empty", async () => {
  await expect(unpacked(Buffer.from("PK, no zstd at all"))).rejects.toThrow("no zstd");
  expect((await unpacked(Buffer.alloc(0))).length).toBe(0);
});
