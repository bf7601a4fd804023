import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Client } from "@elastic/elasticsearch";
import { onTestFinished } from "vitest";
import { createClient } from "../../src/stores/elasticsearch/client.ts";

/** What the server saw of a request. */
export interface SeenRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export interface Answer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A server on a free port of all interfaces that answers like Elasticsearch, but with the answers of the test. */
export async function startFakeServer(answer: (request: SeenRequest) => Answer) {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const current = { method, path: url.split("?")[0] ?? "", headers, body: Buffer.concat(chunks) };
      seen.push(current);
      const { status = 200, body, headers: extra } = answer(current);
      response.writeHead(status, {
        "content-type": "application/json",
        "x-elastic-product": "Elasticsearch",
        ...extra,
      });
      response.end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
    });
  });
  const port = await listen(server);
  return { port, url: `http://127.0.0.1:${port}`, seen, stop: () => stop(server) };
}

/** A client of such a server, and what that has seen; both end with the test. */
export async function clientAndSeen(answer: (request: SeenRequest) => Answer) {
  const { url, seen, stop: stopServer } = await startFakeServer(answer);
  onTestFinished(stopServer);
  return { client: clientFor(url), seen };
}

export async function clientOf(answer: (request: SeenRequest) => Answer): Promise<Client> {
  return (await clientAndSeen(answer)).client;
}

/** A client that neither waits for long nor tries again; it ends with the test. */
export function clientFor(host: string): Client {
  const client = createClient({ hosts: [host], useSsl: false, verifyCerts: true, timeoutSeconds: 5, maxRetries: 0 });
  onTestFinished(() => client.close());
  return client;
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "0.0.0.0", resolve);
  });
  return (server.address() as AddressInfo).port;
}

export async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
