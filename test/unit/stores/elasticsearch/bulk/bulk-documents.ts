import { BulkBody } from "../../../../../src/stores/elasticsearch/bulk/bulk-body.ts";

/** A body of documents of these sizes, with the ids "0", "1", ... */
export function bodyOf(sizes: readonly number[]): BulkBody {
  const body = new BulkBody(1024);
  for (const [at, size] of sizes.entries()) {
    body.beginRecord();
    const lines = Buffer.from(`{"index":{"_id":"${at}"}}\n${documentOf(at, size)}\n`);
    body.reserve(lines.length);
    body.buffer.set(lines, body.length);
    body.length += lines.length;
  }
  return body;
}

export function documentOf(at: number, size: number): string {
  return `{"n":${at},"t":"${String(at % 10).repeat(size)}"}`;
}
