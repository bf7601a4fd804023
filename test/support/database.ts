import { randomBytes } from "node:crypto";
import { Client } from "@elastic/elasticsearch";
import pg from "pg";
import { needs } from "./needs.ts";

/** An empty database of its own on the tests' server. */
export async function createDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const server = await needs("postgres");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await execute(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  // FORCE: a test that failed may have left connections.
  return { url: url.href, drop: () => execute(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A prefix for the names of indices and templates that no other test has. */
export function uniquePrefix(): string {
  return `test-${randomBytes(6).toString("hex")}`;
}

/** Deletes every index and index template whose name starts with the prefix, by their exact names. */
export async function dropPrefix(elasticsearchUrl: string, prefix: string): Promise<void> {
  if (!/^[a-z0-9][a-z0-9_-]+$/.test(prefix)) throw new Error(`Not a prefix of tests: ${prefix}`);
  const client = new Client({ node: elasticsearchUrl });
  try {
    const indices = await client.indices.getSettings({
      index: `${prefix}*`,
      expand_wildcards: "all",
      filter_path: "*.settings.index.uuid",
    });
    const templates = await client.indices.getIndexTemplate({ filter_path: "index_templates.name" });
    const owned = (name: string) => name.startsWith(prefix);
    const names = Object.keys(indices).filter(owned);
    for (let at = 0; at < names.length; at += 20) {
      await client.indices.delete({ index: names.slice(at, at + 20) }); // a URL holds no more
    }
    const { component_templates: claims } = await client.cluster.getComponentTemplate({});
    for (const { name } of claims.filter((claim) => owned(claim.name)))
      await client.cluster.deleteComponentTemplate({ name });
    for (const name of (templates.index_templates ?? []).map((template) => template.name).filter(owned)) {
      await client.indices.deleteIndexTemplate({ name });
    }
  } finally {
    await client.close();
  }
}
