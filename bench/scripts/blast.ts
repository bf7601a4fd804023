/**
 * The limit: sends bodies that were rendered before as fast as Elasticsearch takes them. The bodies lie in memory
 * before the clock starts.
 */
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { onTheClock, task } from "./task.ts";

export interface BlastTask {
  elasticsearchUrl: string;
  files: { index: string; file: string }[];
  bodyBytes: number;
  concurrency: number;
}

interface Body {
  index: string;
  bytes: Buffer;
}

const recordBorder = '\n{"index":{"_id":';
const { elasticsearchUrl, files, bodyBytes, concurrency } = task() as BlastTask;
const bodies = files.flatMap(({ index, file }) => cut(readFileSync(file)).map((bytes) => ({ index, bytes })));
const rows = bodies.reduce((sum, { bytes }) => sum + countRecords(bytes), 0);
const agent = new Agent({ keepAlive: true, maxSockets: concurrency });

await onTheClock(async () => {
  const queue = bodies.values();
  await Promise.all(Array.from({ length: concurrency }, () => sendAll(queue)));
  return rows;
});
agent.destroy();

async function sendAll(queue: Iterable<Body>): Promise<void> {
  for (const body of queue) await send(body);
}

function send({ index, bytes }: Body): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${elasticsearchUrl}/${index}/_bulk?filter_path=errors,items.*.error,items.*.status`,
      { agent, method: "POST", headers: { "content-type": "application/x-ndjson", "content-length": bytes.length } },
      (response) => {
        let answer = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => (answer += text));
        response.on("error", reject);
        response.on("end", () => {
          if (answer.startsWith('{"errors":false')) resolve();
          else reject(new Error(answer.slice(0, 500)));
        });
      },
    );
    sent.on("error", reject);
    sent.end(bytes);
  });
}

/** At the borders of records: an action begins a line, and no document has a line of its own that does so. */
function cut(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const border = bytes.indexOf(recordBorder, start + bodyBytes);
    const end = border === -1 ? bytes.length : border + 1;
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}

function countRecords(bytes: Buffer): number {
  let records = 0;
  for (let at = 0; at !== -1 && at < bytes.length; at = bytes.indexOf(recordBorder, at + 1)) records++;
  return records;
}
