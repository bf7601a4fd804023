import { inject } from "vitest";
import type { ServerName } from "../../dev/servers/start-servers.ts";

const urls = new Map<ServerName, Promise<string>>();

/**
 * The URL of a server that all test files share, started when the first one asks. PostgreSQL's is a superuser's, of a
 * server whose databases tests create and drop. Throws NOT RUN with what to install when it cannot be started.
 */
export function needs(name: ServerName): Promise<string> {
  const known = urls.get(name) ?? ask(name);
  urls.set(name, known);
  return known;
}

async function ask(name: ServerName): Promise<string> {
  const answer = await fetch(`${inject("serversUrl")}/${name}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}
