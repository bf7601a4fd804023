import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const compressed = promisify(gzip);

/**
 * A file that grows by whole parts: with gzip each is a member of its own, so that what follows a known length can be
 * cut off and written anew, and every reader of gzip reads the file as one.
 */
export class ExportFile {
  private readonly handle: FileHandle;
  private readonly compression: "gzip" | "none";
  private length: number;
  private last: Promise<unknown> = Promise.resolve();

  /** Keeps the first `bytes` of the file; it is made when it is not there. */
  static async open(file: string, bytes: number, compression: "gzip" | "none"): Promise<ExportFile> {
    const handle = await open(file, bytes === 0 ? "w" : "r+", 0o600);
    await handle.truncate(bytes);
    return new ExportFile(handle, bytes, compression);
  }

  private constructor(handle: FileHandle, bytes: number, compression: "gzip" | "none") {
    this.handle = handle;
    this.length = bytes;
    this.compression = compression;
  }

  /** Returns the length of the file behind the part. Parts stand in the order of the calls. */
  append(part: Buffer): Promise<number> {
    const appended = this.last.then(() => this.write(part));
    this.last = appended.catch(() => {}); // whoever called is told
    return appended;
  }

  private async write(part: Buffer): Promise<number> {
    const written = this.compression === "gzip" ? await compressed(part) : part;
    for (let at = 0; at < written.length;) {
      const { bytesWritten } = await this.handle.write(written, at, written.length - at, this.length + at);
      at += bytesWritten;
    }
    return (this.length += written.length);
  }

  /** What was appended survives a failure of the machine. */
  async sync(): Promise<void> {
    await this.handle.datasync();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
