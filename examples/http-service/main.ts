import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
// in a project of your own: from "log-archive"
import { AppError, connectionOptions, createRepositories, parseConfig, withConnections } from "../../src/index.ts";
import { respond } from "./respond.ts";

const logger = pino({ level: "warn" }, pino.destination(2));

try {
  const config = parseConfig(process.env);
  await withConnections(connectionOptions(config), async (connections) => {
    const repositories = await createRepositories(connections, config.repositories, { logger });
    const server = createServer((request, response) => void respond(repositories, request, response));
    server.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1");
    await once(server, "listening");
    console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);

    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
    server.close();
    server.closeIdleConnections();
    await once(server, "close");
    await repositories.close(); // what is on its way to Elasticsearch is written, or noted to be written later
  });
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  console.error(`${error.message}\n${error.hint ?? ""}`);
  process.exitCode = 1;
}
