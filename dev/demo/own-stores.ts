import { randomBytes } from "node:crypto";
import pg from "pg";
import { createClient } from "../../src/stores/elasticsearch/client.ts";
import { deleteClaim, readClaims } from "../../src/stores/elasticsearch/archive-claims.ts";
import { markedIndices } from "../../src/stores/elasticsearch/indices/index-marks.ts";
import { loadTemplates, templateName } from "../../src/stores/elasticsearch/indices/template-files.ts";
import type { Servers } from "../servers/start-servers.ts";

/** A database and a prefix of index names that nobody else uses, so that the servers may be anybody's. */
export interface OwnStores {
  databaseUrl: string;
  elasticsearchUrl: string;
  prefix: string;
  /** Afterwards nothing of them is left on the servers. */
  remove: () => Promise<void>;
}

export async function createOwnStores(
  servers: Pick<Servers, "databaseUrl" | "elasticsearchUrl">,
  name: string,
): Promise<OwnStores> {
  const unique = randomBytes(3).toString("hex");
  const database = `log_archive_${name}_${unique}`;
  const prefix = `${name}-${unique}`;
  await execute(servers.databaseUrl, `CREATE DATABASE ${database}`);
  const url = new URL(servers.databaseUrl);
  url.pathname = `/${database}`;
  return {
    databaseUrl: url.href,
    elasticsearchUrl: servers.elasticsearchUrl,
    prefix,
    remove: async () => {
      await removeIndices(servers.elasticsearchUrl, prefix);
      await execute(servers.databaseUrl, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    },
  };
}

async function execute(databaseUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** More names make the address longer than the 4096 bytes that Elasticsearch reads. */
const namesPerRequest = 20;

async function removeIndices(elasticsearchUrl: string, prefix: string): Promise<void> {
  const client = createClient({
    hosts: [elasticsearchUrl],
    useSsl: false,
    verifyCerts: true,
    timeoutSeconds: 30,
    maxRetries: 3,
  });
  const resources = loadTemplates().map(({ resource }) => resource);
  try {
    const indices = await markedIndices(client, prefix, resources);
    for (let at = 0; at < indices.length; at += namesPerRequest) {
      await client.indices.delete({ index: indices.slice(at, at + namesPerRequest).map(({ name }) => name) });
    }
    for (const archiveId of (await readClaims(client, prefix))?.keys() ?? [])
      await deleteClaim(client, prefix, archiveId);
    for (const resource of resources) {
      await client.indices.deleteIndexTemplate({ name: templateName(prefix, resource) }, { ignore: [404] });
    }
  } finally {
    await client.close();
  }
}
