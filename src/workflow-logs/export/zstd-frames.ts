import { pipeline, Readable } from "node:stream";
import zlib from "node:zlib"; // as a whole: older versions of Node lack what is named here
import { UsageError } from "../../engine/errors.ts";

/** Throws UsageError on a Node whose zlib has no zstd: before 22.15, and 23.0 to 23.7. */
export function requireZstd(): void {
  if ("createZstdDecompress" in zlib) return;
  throw new UsageError("zstd_missing", "This Node has no zstd.", {
    hint: "Take Node 22.15 or newer, or gzip. Nothing was read or written.",
  });
}

/** The file ended in the midst of a frame, or is no zstd at all. */
class BrokenFrame extends Error {}

/**
 * What the frames of a zstd file hold, one behind the other. Node's own decompressor ends behind the first frame and
 * takes an end within one for the end of the file, so the frames are cut here, by their headers. Throws BrokenFrame
 * where a frame is not whole. Source of the format: RFC 8878, 3.1.
 */
export async function* unzstd(file: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const bytes = new ByteReader(file);
  while (!(await bytes.isAtEnd())) {
    const start = await bytes.take(4);
    const magic = start.readUInt32LE();
    if ((magic & 0xfffffff0) >>> 0 === skippableMagic) {
      await bytes.skip((await bytes.take(4)).readUInt32LE());
    } else if (magic === frameMagic) {
      const frame = Readable.from(frameParts(start, bytes), { objectMode: false });
      const whole = pipeline(frame, zlib.createZstdDecompress(), () => {}); // the reader is told
      yield* whole as AsyncIterable<Buffer>;
    } else throw new BrokenFrame("this is no zstd");
  }
}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
const endOfBlocks = 1;

/** A frame in pieces of at most a block, to its last byte and no further. */
async function* frameParts(start: Buffer, bytes: ByteReader): AsyncGenerator<Buffer> {
  const descriptor = await bytes.take(1);
  yield Buffer.concat([start, descriptor, await bytes.take(headerLength(descriptor[0]!))]);
  for (;;) {
    const head = await bytes.take(3);
    const block = head.readUIntLE(0, 3);
    const isRunOfOneByte = ((block >> 1) & 3) === 1;
    yield Buffer.concat([head, await bytes.take(isRunOfOneByte ? 1 : block >> 3)]);
    if ((block & endOfBlocks) !== 0) break;
  }
  const hasChecksum = (descriptor[0]! & 4) !== 0;
  if (hasChecksum) yield await bytes.take(4);
}

/** Of the window, the dictionary's id and the size of the content, which stand behind the descriptor. */
function headerLength(descriptor: number): number {
  const isSingleSegment = (descriptor & 32) !== 0;
  const sizeLength = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionaryLength = [0, 1, 2, 4][descriptor & 3]!;
  return (isSingleSegment ? 0 : 1) + dictionaryLength + sizeLength;
}

class ByteReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.rest.length === 0) if (!(await this.more())) return true;
    return false;
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      if (await this.isAtEnd()) throw new BrokenFrame("it ends in the midst of a zstd frame");
      const part = this.rest.subarray(0, missing);
      this.rest = this.rest.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0; left -= (await this.take(Math.min(left, 65536))).length);
  }

  private async more(): Promise<boolean> {
    const { done, value } = await this.chunks.next();
    if (done === true) return false;
    this.rest = value;
    return true;
  }
}
