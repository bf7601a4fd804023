import type { TestProject } from "vitest/node";
import type { ElasticsearchMajor } from "../../dev/servers/jdk.ts";
import { startServers, type Servers } from "../../dev/servers/start-servers.ts";
import { AppError } from "../../src/engine/errors.ts";

export interface TestServers {
  /** A superuser's, of a server whose databases tests create and drop. */
  databaseUrl: string;
  elasticsearchUrl: string;
}

declare module "vitest" {
  export interface ProvidedContext extends TestServers {}
}

/** Starts both servers once for all suites, Elasticsearch 8 or 9 as TEST_ELASTICSEARCH_MAJOR says, else the newest possible. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await start();
  project.provide("databaseUrl", servers.databaseUrl);
  project.provide("elasticsearchUrl", servers.elasticsearchUrl);
  return () => servers.stop();
}

/** Without servers the run fails: skipped suites would look like passed ones. */
async function start(): Promise<Servers> {
  try {
    return await startServers({ elasticsearch: askedMajor() });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = cause instanceof AppError && cause.hint ? ` ${cause.hint}` : "";
    process.stderr.write(`\nNOT RUN: ${reason}.${hint}\n`);
    throw new Error(`NOT RUN: ${reason}.${hint}`, { cause });
  }
}

function askedMajor(): ElasticsearchMajor | undefined {
  const asked = process.env["TEST_ELASTICSEARCH_MAJOR"];
  if (!asked) return undefined;
  if (asked === "8") return 8;
  if (asked === "9") return 9;
  throw new Error(`TEST_ELASTICSEARCH_MAJOR is ${asked}, and there is only 8 and 9`);
}
