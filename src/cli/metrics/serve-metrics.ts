import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError } from "../../engine/errors.ts";
import type { Metrics } from "./metrics.ts";

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

export interface MetricsServer {
  /** Where it listens. */
  readonly url: string;
  close(): void;
}

/**
 * Serves `/metrics` for Prometheus and `/health` (200, or 503 while PostgreSQL does not answer) until it is closed.
 * Does not keep the process alive. Throws AppError when the port cannot be had.
 */
export async function serveMetrics(metrics: Metrics, { host, port }: MetricsAddress): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(metrics, request.url ?? "/", response).catch(() => response.writeHead(500).end());
  });
  server.unref();
  await listen(server, host, port);
  const { address, port: listening } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(":") ? `[${address}]` : address}:${listening}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw new AppError("metrics_port", `Metrics cannot be served at ${host}:${port}: ${(cause as Error).message}`, {
      hint: "Give another port with --metrics. Nothing was begun.",
      cause,
    });
  }
}

async function answer(metrics: Metrics, url: string, response: ServerResponse): Promise<void> {
  if (url === "/metrics") {
    const text = await metrics.text();
    response.writeHead(200, { "content-type": metrics.contentType }).end(text);
  } else if (url === "/health") {
    const healthy = await metrics.isHealthy();
    const body = JSON.stringify({ status: healthy ? "ok" : "database_unreachable" });
    response.writeHead(healthy ? 200 : 503, { "content-type": "application/json" }).end(body);
  } else response.writeHead(404).end();
}
