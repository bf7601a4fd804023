import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import zlib from "node:zlib"; // as a whole: older versions of Node lack zstd

type Compression = "gzip" | "zstd" | "none";

const compress: Readonly<Record<Compression, (part: Buffer) => Buffer | Promise<Buffer>>> = {
  gzip: (part) => promisify(zlib.gzip)(part),
  zstd: (part) => promisify(zlib.zstdCompress)(part, { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } }),
  none: (part) => part,
};

/**
 * A file that grows by whole parts: compressed, each is a gzip member or zstd frame of its own, so that what follows a
 * known length can be cut off and written anew, and the usual readers read the file as one.
 */
export class ExportFile {
  private readonly handle: FileHandle;
  private readonly compression: Compression;
  private length: number;
  private last: Promise<unknown> = Promise.resolve();

  /** Keeps the first `bytes` of the file; it is made when it is not there. */
  static async open(file: string, bytes: number, compression: Compression): Promise<ExportFile> {
    const handle = await open(file, bytes === 0 ? "w" : "r+", 0o600);
    await handle.truncate(bytes);
    return new ExportFile(handle, bytes, compression);
  }

  private constructor(handle: FileHandle, bytes: number, compression: Compression) {
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
    const written = await compress[this.compression](part);
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
