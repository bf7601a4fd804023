const newline = 0x0a;

/** For partitions of a few rows: buffers of megabytes for each make the collector of garbage run all the time. */
const firstRoom = 64 * 1024;

/**
 * The NDJSON of one bulk request, written record by record into one buffer that grows when it must. Writers call
 * `reserve(n)`, write at `buffer[length...]` and move `length`. Each record is two lines: the action with the id, and
 * the document.
 */
export class BulkBody {
  buffer: Buffer;
  length = 0;
  private readonly starts: number[] = [];
  private readonly usualRoom: number;

  /** Grows up to `usualRoom` bytes in few steps; beyond it no more than it must. */
  constructor(usualRoom: number) {
    this.usualRoom = usualRoom;
    this.buffer = Buffer.allocUnsafeSlow(Math.min(firstRoom, usualRoom));
  }

  get records(): number {
    return this.starts.length;
  }

  /** Call before the first byte of a record. */
  beginRecord(): void {
    this.starts.push(this.length);
  }

  /** Takes the record begun last back out. */
  dropLastRecord(): void {
    this.length = this.starts.pop() ?? 0;
  }

  /** Makes room for `bytes` more; `buffer` may be another one afterwards. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const enough = needed <= this.usualRoom ? Math.min(4 * needed, this.usualRoom) : Math.ceil(1.5 * needed);
    const larger = Buffer.allocUnsafeSlow(enough);
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  /** The two lines of record `at`. */
  record(at: number): Buffer {
    return this.buffer.subarray(this.starts[at], this.starts[at + 1] ?? this.length);
  }

  /** The document of record `at`, without its action line and line end. */
  document(at: number): Buffer {
    const lines = this.record(at);
    return lines.subarray(lines.indexOf(newline) + 1, lines.length - 1);
  }

  id(at: number): string {
    return this.action(at)._id;
  }

  /** That the record is written with; undefined where the server counts. Digits may be lost of a large one. */
  version(at: number): number | undefined {
    return this.action(at).version;
  }

  private action(at: number): { readonly _id: string; readonly version?: number } {
    const lines = this.record(at);
    const action = JSON.parse(lines.toString("utf8", 0, lines.indexOf(newline))) as {
      index: { _id: string; version?: number };
    };
    return action.index;
  }

  clear(): void {
    this.length = 0;
    this.starts.length = 0;
  }
}

/**
 * Bodies used again, so that a copy of any size allocates a handful of them. A body that grew far beyond the usual is
 * let go.
 */
export class BulkBodies {
  private readonly free: BulkBody[] = [];
  private readonly capacity: number;

  /** A body has room for a quarter more than it is usually filled with: writers reserve more than they need. */
  constructor(usualBytes: number) {
    this.capacity = Math.ceil(1.25 * usualBytes);
  }

  take(): BulkBody {
    return this.free.pop() ?? new BulkBody(this.capacity);
  }

  /** Only for a body that nothing reads any more: not after a request that failed half sent. */
  giveBack(body: BulkBody): void {
    if (body.buffer.length > this.capacity) return;
    body.clear();
    this.free.push(body);
  }
}
