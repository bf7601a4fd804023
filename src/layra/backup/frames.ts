import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { AppError } from "../../engine/errors.ts";

// A part of a backup is a gzip file of records, each behind its length in 4 bytes, the highest first.

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** What one part may unpack to; parts are made far smaller, and only a file that was tampered with is larger. */
const mostBytes = 2 ** 31 - 1;

export async function packed(records: readonly Uint8Array[]): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (const record of records) {
    const head = Buffer.allocUnsafe(4);
    head.writeUInt32BE(record.length);
    pieces.push(head, record);
  }
  return zip(Buffer.concat(pieces), { level: 1 });
}

/** @throws AppError damaged_part */
export async function unpacked(file: string, content: Uint8Array): Promise<Buffer[]> {
  try {
    const bytes = await unzip(content, { maxOutputLength: mostBytes });
    const records: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = bytes.readUInt32BE(at);
      if (at + 4 + length > bytes.length) throw new Error("it ends within a record");
      records.push(bytes.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    return records;
  } catch (cause) {
    throw new AppError("damaged_part", `${file} cannot be unpacked: ${(cause as Error).message}`, { cause });
  }
}

export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * What a number of records have in common with the same ones in another order: the sum of their SHA-256, word by word. Written as 64 hexadecimal digits.
 */
export class Digest {
  private readonly words = new Uint32Array(8);

  add(record: Uint8Array): void {
    const hash = createHash("sha256").update(record).digest();
    for (let at = 0; at < 8; at++) this.words[at]! += hash.readUInt32BE(4 * at);
  }

  addDigest(hex: string): void {
    for (let at = 0; at < 8; at++) this.words[at]! += Number.parseInt(hex.slice(8 * at, 8 * at + 8), 16);
  }

  toString(): string {
    return [...this.words].map((word) => word.toString(16).padStart(8, "0")).join("");
  }
}
