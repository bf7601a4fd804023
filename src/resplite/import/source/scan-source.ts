import type { Batch, Source } from "../../../engine/ports.ts";
import type { BinaryClient, Reply } from "../../../stores/redis/binary-client.ts";

export interface KeyBatch extends Batch {
  readonly keys: readonly Buffer[];
  /**
   * Where a scan goes on that has this batch behind it: with the page's last batch the next page, before that the same
   * page once more.
   */
  readonly cursor: string;
}

export function keyBatch(keys: readonly Buffer[], cursor: string): KeyBatch {
  return { keys, records: keys.length, bytes: 0, cursor };
}

export interface ScanOptions {
  readonly from: string;
  /** COUNT of SCAN, read before each page. */
  readonly scanCount: () => number;
  readonly batchKeys: () => number;
  /** Before each page. */
  readonly beforePage: (signal: AbortSignal) => Promise<void>;
}

/**
 * Every key of the database that is there from beginning to end, at least once. The cursor belongs to the server's
 * process: after its restart keys hash elsewhere, and a scan that goes on would miss some.
 */
export class ScanSource implements Source<KeyBatch> {
  readonly #redis: BinaryClient;
  readonly #options: ScanOptions;

  constructor(redis: BinaryClient, options: ScanOptions) {
    this.#redis = redis;
    this.#options = options;
  }

  async *batches(signal: AbortSignal): AsyncGenerator<KeyBatch> {
    const { from, scanCount, batchKeys, beforePage } = this.#options;
    let cursor = from;
    do {
      await beforePage(signal);
      if (signal.aborted) return;
      const [next, listed] = (await this.#redis.send("SCAN", cursor, "COUNT", String(scanCount()))) as [
        Reply,
        Buffer[],
      ];
      const page = cursor;
      cursor = String(next);
      const keys = distinct(listed);
      if (keys.length === 0) yield keyBatch(keys, cursor);
      for (let at = 0; at < keys.length;) {
        const some = keys.slice(at, at + batchKeys());
        at += some.length;
        yield keyBatch(some, at >= keys.length ? cursor : page);
      }
    } while (cursor !== "0" && !signal.aborted);
  }
}

/** SCAN may list a key twice in one page. */
function distinct(keys: readonly Buffer[]): Buffer[] {
  return [...new Map(keys.map((key) => [key.toString("latin1"), key])).values()];
}
