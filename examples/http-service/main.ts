import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { AppError, openArchive, parseConfig } from "log-archive";
import { respond } from "./respond.ts";

const logger = pino({ level: "warn" }, pino.destination(2));

try {
  await using archive = await openArchive(parseConfig(process.env), { logger }); // closing it writes what is on its way to Elasticsearch
  const server = createServer((request, response) => void respond(archive, request, response));
  server.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1");
  await once(server, "listening");
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  server.close();
  server.closeIdleConnections();
  await once(server, "close");
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  console.error(`${error.message}\n${error.hint ?? ""}`);
  process.exitCode = 1;
}
