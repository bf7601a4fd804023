import type { BinaryClient } from "../../../stores/redis/binary-client.ts";
import type { Data } from "../../data/data.ts";
import { type KeyBatch, keyBatch } from "../source/scan-source.ts";

const pageKeys = 1000;

/**
 * Keys of the file that Redis does not have, in batches; those behind `after`, whose cursor is the last key in base64.
 */
export async function* extraBatches(
  redis: BinaryClient,
  data: Data,
  batchKeys: () => number,
  signal: AbortSignal,
  after?: Buffer,
): AsyncGenerator<KeyBatch> {
  for (let last = after; ;) {
    if (signal.aborted) return;
    data.begin();
    const page = data.keys.after(last, pageKeys);
    if (page.last === undefined) return;
    last = page.last;
    const there = await Promise.all(page.keys.map(({ key }) => redis.send("EXISTS", key)));
    const extra = page.keys.flatMap(({ key }, at) => (there[at] === 0 ? [key] : []));
    const cursor = last.toString("base64");
    if (extra.length === 0) yield keyBatch([], cursor);
    for (let at = 0; at < extra.length;) {
      const keys = extra.slice(at, at + batchKeys());
      at += keys.length;
      yield keyBatch(keys, cursor);
    }
  }
}
