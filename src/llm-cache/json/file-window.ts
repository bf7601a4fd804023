import { isSpace } from "./value-scanner.ts";

/** What is needed of a FileHandle. */
export interface ReadableFile {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

const readBytes = 1_048_576;

/** A part of a file that moves forwards over it: what lies before `mark` is let go of when more is read. */
export class FileWindow {
  bytes: Buffer = Buffer.alloc(0);
  /** Index of the byte to be looked at next. */
  at = 0;
  /** Index of the first byte that is still needed. */
  mark = 0;
  private room: Buffer = this.bytes;
  /** Where in the file `bytes` begins. */
  private start: number;
  private readonly file: ReadableFile;

  constructor(file: ReadableFile, from: number) {
    this.file = file;
    this.start = from;
  }

  /** Of the byte to be looked at next, in the file. */
  get offset(): number {
    return this.start + this.at;
  }

  /** False at the end of the file. What was read before stays as it is, also for those who hold a part of it. */
  async more(): Promise<boolean> {
    if (this.bytes.length === this.room.length) this.moveOn();
    const used = this.bytes.length;
    const { bytesRead } = await this.file.read(this.room, used, this.room.length - used, this.start + used);
    this.bytes = this.room.subarray(0, used + bytesRead);
    return bytesRead > 0;
  }

  /** To a new room, with as much again as is kept, so that a large value is not copied once for each piece. */
  private moveOn(): void {
    const kept = this.bytes.subarray(this.mark);
    this.room = Buffer.allocUnsafe(kept.length + Math.max(readBytes, kept.length));
    kept.copy(this.room);
    this.bytes = this.room.subarray(0, kept.length);
    this.start += this.mark;
    this.at -= this.mark;
    this.mark = 0;
  }

  /** The next byte that is no white space, which is not passed; undefined at the end of the file. */
  async peek(): Promise<number | undefined> {
    for (;;) {
      while (isSpace(this.bytes[this.at])) this.at++;
      if (this.at < this.bytes.length) return this.bytes[this.at];
      if (!(await this.more())) return undefined;
    }
  }
}
