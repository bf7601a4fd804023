import { readFile } from "node:fs/promises";

import type { ClientBase } from "pg";

export const schemaVersions = ["1.16", "1.13", "1.8"] as const;
export type SchemaVersion = (typeof schemaVersions)[number];

/** The tables of that Dify version are there afterwards. A database that already has workflow_runs is left as it is. */
export async function createSchema(client: ClientBase, version: SchemaVersion): Promise<void> {
  const { rows } = await client.query<{ present: boolean }>(
    "SELECT to_regclass('workflow_runs') IS NOT NULL AS present",
  );
  if (rows[0]?.present) return;
  const statements = await Promise.all(["functions", version].map(readSql));
  await client.query(`BEGIN;\n${statements.join("\n")}\nCOMMIT;`);
}

function readSql(name: string): Promise<string> {
  return readFile(new URL(`schema/${name}.sql`, import.meta.url), "utf8");
}
