import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import type { ElasticsearchMajor } from "../../dev/servers/jdk.ts";
import { isServerName, type ServerName, type Started, startServer } from "../../dev/servers/start-servers.ts";
import { AppError } from "../../src/engine/errors.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where needs() asks for servers. */
    serversUrl: string;
  }
}

/**
 * Starts each server when a test file first asks for it (needs.ts), once for all files, and stops them all at the end.
 * Elasticsearch is 8 or 9 as TEST_ELASTICSEARCH_MAJOR says, else the newest possible. One that cannot be started fails
 * the file that needs it, with NOT RUN and what to install: skipped suites would look like passed ones.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const asked = new Map<ServerName, Promise<Started>>();
  const options = { elasticsearch: askedMajor() };
  const start = (name: ServerName): Promise<Started> => {
    const known = asked.get(name) ?? startServer(name, options);
    asked.set(name, known);
    return known;
  };
  const desk = createServer((request, response) => {
    const name = request.url!.slice(1);
    const answer = isServerName(name) ? start(name) : Promise.reject(new Error(`there is no server ${name}`));
    answer.then(
      ({ url }) => response.end(url),
      (cause: unknown) => {
        const message = notRun(cause);
        process.stderr.write(`\n${message}\n`);
        response.writeHead(503).end(message);
      },
    );
  }).listen(0, "127.0.0.1");
  await once(desk, "listening");
  project.provide("serversUrl", `http://127.0.0.1:${(desk.address() as AddressInfo).port}`);
  return async () => {
    desk.close();
    desk.closeAllConnections();
    const started = await Promise.allSettled(asked.values());
    await Promise.all(started.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value.stop()] : [])));
  };
}

function notRun(cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hint = cause instanceof AppError && cause.hint ? ` ${cause.hint}` : "";
  return `NOT RUN: ${reason}.${hint}`;
}

function askedMajor(): ElasticsearchMajor | undefined {
  const asked = process.env["TEST_ELASTICSEARCH_MAJOR"];
  if (!asked) return undefined;
  if (asked === "8") return 8;
  if (asked === "9") return 9;
  throw new Error(`TEST_ELASTICSEARCH_MAJOR is ${asked}, and there is only 8 and 9`);
}
