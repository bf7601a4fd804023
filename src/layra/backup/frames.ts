import { createHash, hash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { AppError } from "../../engine/errors.ts";

// A part of a backup is a gzip file of records, each behind its length in 4 bytes, the highest first.

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** What one part may unpack to; parts are made far smaller, and only a file that was tampered with is larger. */
const mostBytes = 2 ** 31 - 1;

/** What has shrunk by less than a twentieth in its first bytes is packed already, as pictures and PDFs are. */
const sample = 64 * 1024;
const worthwhile = 0.95;

export async function packed(records: readonly Uint8Array[]): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(records.reduce((sum, record) => sum + 4 + record.length, 0));
  let at = 0;
  for (const record of records) {
    at = bytes.writeUInt32BE(record.length, at);
    bytes.set(record, at);
    at += record.length;
  }
  const start = bytes.subarray(0, sample);
  const shrinks = (await zip(start, { level: 1 })).length < worthwhile * start.length;
  return zip(bytes, { level: shrinks ? 1 : 0 });
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
    throw new AppError("damaged_part", `${file} cannot be unpacked: ${(cause as Error).message}`, {
      hint: "app stores backup verify lists what is damaged; take a copy of the backup that is whole, or an older backup.",
      cause,
    });
  }
}

export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * What a number of records have in common with the same ones in another order: the sum of their SHA-256, word by word.
 * Written as 64 hexadecimal digits.
 */
export class Digest {
  private readonly words = new Uint32Array(8);

  add(record: Uint8Array): void {
    const sum = hash("sha256", record, "buffer");
    for (let at = 0; at < 8; at++) this.words[at]! += sum.readUInt32BE(4 * at);
  }

  addDigest(hex: string): void {
    for (let at = 0; at < 8; at++) this.words[at]! += Number.parseInt(hex.slice(8 * at, 8 * at + 8), 16);
  }

  toString(): string {
    return [...this.words].map((word) => word.toString(16).padStart(8, "0")).join("");
  }
}
