import type { Data } from "../../data/data.ts";

/** Something to be written, which may be refused by itself. */
export interface Write {
  readonly key: Buffer;
  /** In the open transaction. Returns what is to be done, in the same one, when all of it have been written. */
  readonly write: () => () => void;
  /** In a transaction of its own, when SQLite refuses this one alone. */
  readonly refused: (error: unknown) => void;
}

/**
 * Batches that are read at the same time are written in one transaction, in the order of their keys: most keys of a
 * scan are on pages of their own, and each transaction writes each page that it has changed whole.
 */
export class JointWrites {
  readonly #data: Data;
  readonly #isOfOneValue: (error: unknown) => boolean;
  #reading = 0;
  #batches = 0;
  #waiting: Write[] = [];
  #written = Promise.withResolvers<void>();

  constructor(data: Data, isOfOneValue: (error: unknown) => boolean) {
    this.#data = data;
    this.#isOfOneValue = isOfOneValue;
    this.#written.promise.catch(() => {});
  }

  /** What `read` gets is written when this resolves, with what others are reading now, and at the latest after them. */
  async add(read: () => Promise<readonly Write[]>): Promise<void> {
    this.#reading += 1;
    try {
      const writes = await read(); // others may be flushed meanwhile
      this.#waiting.push(...writes);
    } finally {
      this.#reading -= 1;
      this.#batches += 1;
      const { promise } = this.#written;
      if (this.#reading === 0 || this.#batches >= mostBatches) this.#flush();
      await promise;
    }
  }

  #flush(): void {
    const [waiting, written] = [this.#waiting, this.#written];
    [this.#waiting, this.#batches, this.#written] = [[], 0, Promise.withResolvers()];
    this.#written.promise.catch(() => {});
    try {
      this.#writeAll(waiting.toSorted((one, other) => Buffer.compare(one.key, other.key)));
      written.resolve();
    } catch (error) {
      written.reject(error);
    }
  }

  /** All in one transaction; each in its own when one of them cannot be stored. */
  #writeAll(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    try {
      this.#data.transaction(() => {
        for (const settle of writes.map(({ write }) => write())) settle();
      });
    } catch (error) {
      if (!this.#isOfOneValue(error)) throw error;
      for (const one of writes) this.#writeAlone(one);
    }
  }

  #writeAlone({ write, refused }: Write): void {
    try {
      this.#data.transaction(() => write()());
    } catch (error) {
      if (!this.#isOfOneValue(error)) throw error;
      this.#data.transaction(() => refused(error));
    }
  }
}

/** The tracker, too, writes into the file: it is not to wait for long. */
const mostBatches = 10;
