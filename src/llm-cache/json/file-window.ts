import { isSpace } from "./value-scanner.ts";

/** What is needed of a FileHandle. */
export interface ReadableFile {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** What was read, or is being read, lies in `room` from `from` on. */
interface Piece {
  readonly room: Buffer;
  readonly from: number;
  readonly bytesRead: number;
}

const readBytes = 1_048_576;
/** Room before what was read, for what is kept of the piece before: mostly a part of a value. */
const headBytes = 65_536;

/**
 * A part of a file that moves forwards over it: what lies before `mark` is let go of when more is read. The next piece
 * is being read meanwhile.
 */
export class FileWindow {
  bytes: Buffer = Buffer.alloc(0);
  /** Index of the byte to be looked at next. */
  at = 0;
  /** Index of the first byte that is still needed. */
  mark = 0;
  /** Where in the file `bytes` begins. */
  private start: number;
  /** Where in the file the next piece begins. */
  private position: number;
  private next: Promise<Piece> | undefined;
  /** The last piece: a short one leaves room for more behind it. */
  private last: Piece = { room: this.bytes, from: 0, bytesRead: 0 };
  private readonly file: ReadableFile;

  constructor(file: ReadableFile, from: number) {
    this.file = file;
    this.start = from;
    this.position = from;
  }

  /** Of the byte to be looked at next, in the file. */
  get offset(): number {
    return this.start + this.at;
  }

  /** False at the end of the file. What was read before stays as it is, also for those who hold a part of it. */
  async more(): Promise<boolean> {
    const piece = await (this.next ?? this.read(readBytes));
    if (piece.bytesRead === 0) return false;
    const kept = this.bytes.subarray(this.mark);
    this.bytes = this.joined(kept, piece);
    this.start += this.mark;
    this.at -= this.mark;
    this.mark = 0;
    this.position += piece.bytesRead;
    this.last = piece;
    // as much again as is kept, so that a large value is not copied once for each piece
    this.next = this.read(Math.max(readBytes, kept.length));
    this.next.catch(() => {}); // thrown when its turn comes
    return true;
  }

  /**
   * The next byte that is no white space, which is not passed; undefined where that is not known before `peek` has read
   * more.
   */
  look(): number | undefined {
    while (isSpace(this.bytes[this.at])) this.at++;
    return this.bytes[this.at];
  }

  /** The same; undefined at the end of the file. */
  async peek(): Promise<number | undefined> {
    for (;;) {
      const found = this.look();
      if (found !== undefined || !(await this.more())) return found;
    }
  }

  private async read(length: number): Promise<Piece> {
    const { room, from, bytesRead: before } = this.last;
    const behind = from + before;
    const place =
      room.length - behind >= length / 2
        ? { room, from: behind }
        : { room: Buffer.allocUnsafeSlow(headBytes + length), from: headBytes };
    const { bytesRead } = await this.file.read(place.room, place.from, place.room.length - place.from, this.position);
    return { ...place, bytesRead };
  }

  private joined(kept: Buffer, { room, from, bytesRead }: Piece): Buffer {
    const end = from + bytesRead;
    const { last } = this;
    const follows = room === last.room && kept.buffer === room.buffer;
    if (!follows && kept.length > from) return Buffer.concat([kept, room.subarray(from, end)]);
    if (!follows) kept.copy(room, from - kept.length);
    return room.subarray(from - kept.length, end);
  }
}
