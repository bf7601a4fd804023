import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { measuredNode } from "../measured-process.ts";
import { keysetPages } from "../scripts/peer-rows.ts";
import type { Bench } from "../support/bench.ts";
import { processorTime } from "../support/processor-time.ts";
import type { Contestant } from "../support/race.ts";
import { runProcess } from "../support/run-process.ts";
import type { SampleArchive } from "../support/sample-archive.ts";
import type { Target } from "./target.ts";

/**
 * elasticdump from a file that has every document as a line: it reads no PostgreSQL at all. Throws when it cannot be
 * installed. Its clock is that of the whole process less a start that does nothing.
 */
export async function elasticdump(bench: Bench, archive: SampleArchive, target: Target): Promise<Contestant> {
  const { signal } = bench;
  const main = await installed(bench);
  const file = await writeLines(bench, archive, target);
  const before = processorTime(bench).clients;
  const start = await measuredNode([main, "--version"], { signal });
  const startSeconds = processorTime(bench).clients - before;
  return {
    name: "elasticdump from a file",
    settings: ways.map(({ label, options }) => ({
      label,
      prepare: () => target.installTemplates(),
      run: () =>
        target.filledBy(async () => {
          const proxy = await rootProxy(archive.elasticsearchUrl);
          try {
            const places = [`--input=${file}`, `--output=${proxy.url}`, "--type=data", "--quiet"];
            const { peakBytes, seconds } = await measuredNode([main, ...places, ...options], {
              signal,
              env: { HOME: bench.folder },
            });
            return { rows: target.rows, seconds: seconds - start.seconds, startSeconds, peakBytes };
          } finally {
            await proxy.close();
          }
        }),
      clear: () => target.remove(),
    })),
  };
}

const ways = [
  { label: "1000 lines", options: ["--limit=1000"] },
  { label: "5000 lines", options: ["--limit=5000"] },
  // By default it sends one request at a time and allows itself five in five seconds.
  {
    label: "1000 lines, 4 at once",
    options: ["--limit=1000", "--concurrency=4", "--intervalCap=1000", "--throttleInterval=0"],
  },
];

async function installed({ folder, signal, say }: Bench): Promise<string> {
  say("Installing elasticdump");
  const home = join(folder, "elasticdump");
  await mkdir(home);
  const args = ["install", "--prefix", home, "--no-audit", "--no-fund", "--ignore-scripts", "elasticdump@6"];
  await runProcess({ file: "npm", args, env: process.env, signal });
  return join(home, "node_modules", "elasticdump", "bin", "elasticdump");
}

async function writeLines(
  { folder }: Bench,
  { databaseUrl, elasticsearchUrl, tenantId }: SampleArchive,
  target: Target,
): Promise<string> {
  const file = join(folder, "elasticdump.ndjson");
  const { indexBase } = target;
  const lines = async function* (): AsyncGenerator<string> {
    const rows = keysetPages({ databaseUrl, elasticsearchUrl, tenantId, indexBase, batch: 1000 });
    for await (const page of rows) {
      yield page
        .map(({ index, id, document }) => `${JSON.stringify({ _index: index, _id: id, _source: document })}\n`)
        .join("");
    }
  };
  await pipeline(Readable.from(lines()), createWriteStream(file));
  return file;
}

/**
 * Elasticsearch as it is, but for an answer to GET /, which elasticdump asks for the version and the servers of the
 * benchmark do not have.
 */
async function rootProxy(target: string): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((asked, answer) => {
    if (asked.url === "/" && asked.method === "GET") {
      answer.setHeader("content-type", "application/json").end('{"version":{"number":"8.19.0"}}');
      return;
    }
    const { method = "GET", headers } = asked;
    const passed = request(target + asked.url, { method, headers }, (response) => {
      answer.writeHead(response.statusCode!, response.headers);
      response.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
