import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { generateSampleLogs } from "../../dev/sample-logs/generate.ts";
import { type HostileCase, hostileCases } from "../../dev/sample-logs/hostile/cases.ts";
import { defaultSampleOptions, type SampleOptions } from "../../dev/sample-logs/sample-options.ts";
import { schemaVersions } from "../../dev/sample-logs/schema.ts";
import { columnsOf, dataTypes, tablesOf } from "../../dev/sample-logs/tables.ts";
import { createDatabase } from "../support/database.ts";

async function inDatabase(use: (client: Client, databaseUrl: string) => Promise<void>): Promise<void> {
  const database = await createDatabase();
  const client = new Client({ connectionString: database.url });
  try {
    await client.connect();
    await use(client, database.url);
  } finally {
    await client.end();
    await database.drop();
  }
}

/** Every column as PostgreSQL prints it. */
async function readRow(client: Client, entry: HostileCase, columns: readonly string[]): Promise<unknown> {
  const list = columns.map((column) => `"${column}"::text`).join(", ");
  const { rows } = await client.query<Record<string, unknown>>(`SELECT ${list} FROM ${entry.table} WHERE id = $1`, [
    entry.row.id,
  ]);
  return rows[0];
}

describe.each(schemaVersions)("sample logs of Dify %s", (schema) => {
  const options: SampleOptions = { ...defaultSampleOptions, schema, nodeExecutions: 1_500, hostile: true };

  test("every row arrives, in its tenant and month", async () => {
    await inDatabase(async (client, databaseUrl) => {
      const summary = await generateSampleLogs({ ...options, unarchivable: true, databaseUrl });

      for (const table of tablesOf(schema)) {
        const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
        expect([table, Number(rows[0]?.count)]).toEqual([table, summary.tables[table] ?? 0]);
      }
      for (const [dataType, table] of Object.entries(dataTypes)) {
        const { rows } = await client.query(
          `SELECT $1 AS "dataType", tenant_id AS "tenantId", count(*)::int AS rows,
                  CASE WHEN created_at >= '0001-01-01' AND created_at < '10000-01-01'
                       THEN to_char(created_at, 'YYYY-MM') END AS month
           FROM ${table} GROUP BY 2, 4`,
          [dataType],
        );
        const counted = summary.partitions.filter((partition) => partition.dataType === dataType);
        expect(new Set(rows.map((row) => JSON.stringify(row, ["tenantId", "month", "rows"])))).toEqual(
          new Set(counted.map((partition) => JSON.stringify(partition, ["tenantId", "month", "rows"]))),
        );
      }
    });
  });

  test("hostile rows arrive byte for byte", async () => {
    await inDatabase(async (client, databaseUrl) => {
      const hostile = { ...options, nodeExecutions: 0, hugeRows: schema === "1.16", unarchivable: true };
      await generateSampleLogs({ ...hostile, databaseUrl });
      const names = new Set<string>();
      for (const entry of hostileCases(hostile)) {
        const columns = columnsOf(entry.table, schema);
        const row: Readonly<Record<string, string | null>> = entry.row;
        const sent = Object.fromEntries(columns.map((column) => [column, row[column]]));
        expect(await readRow(client, entry, columns), entry.name).toEqual(sent);
        expect(names.has(entry.name), `${entry.name} occurs twice`).toBe(false);
        names.add(entry.name);
      }
      expect(names.size).toBeGreaterThan(400);
    });
  });

  test("the indexes are those of that version", async () => {
    await inDatabase(async (client, databaseUrl) => {
      await generateSampleLogs({ ...options, hostile: false, nodeExecutions: 0, databaseUrl });
      const { rows } = await client.query<{ indexname: string }>("SELECT indexname FROM pg_indexes");
      const names = new Set(rows.map(({ indexname }) => indexname));
      const before112 = schema === "1.8";
      expect(names.has("workflow_run_created_at_id_idx")).toBe(!before112);
      expect(names.has("workflow_node_execution_workflow_run_id_idx")).toBe(!before112);
      expect(names.has("workflow_node_execution_workflow_run_idx")).toBe(before112);
    });
  });
});

describe("files of offloaded values", () => {
  let blobFolder: string;
  beforeEach(async () => {
    blobFolder = await mkdtemp(join(tmpdir(), "sample-logs-"));
  });
  afterEach(() => rm(blobFolder, { recursive: true }));

  test("lie in the folder under their key, with their size and hash", async () => {
    await inDatabase(async (client, databaseUrl) => {
      await generateSampleLogs({ databaseUrl, nodeExecutions: 1_500, blobFolder });
      const { rows } = await client.query<{ key: string; size: number; hash: string }>(
        `SELECT key, size, hash FROM upload_files JOIN workflow_node_execution_offload ON file_id = upload_files.id`,
      );
      expect(rows.length).toBeGreaterThan(2);
      for (const { key, size, hash } of rows) {
        const content = await readFile(join(blobFolder, key));
        expect(content).toHaveLength(size);
        expect(createHash("sha3-256").update(content).digest("hex")).toBe(hash);
      }
    });
  });

  test("are missing or wrong where a hostile case says so", async () => {
    await inDatabase(async (_client, databaseUrl) => {
      const options = { ...defaultSampleOptions, nodeExecutions: 0, hostile: true };
      await generateSampleLogs({ ...options, databaseUrl, blobFolder });
      const files = [...hostileCases(options)].filter(({ table }) => table === "upload_files");
      expect(files.filter(({ blob }) => !blob)).toHaveLength(1);
      for (const { name, row, blob } of files as Extract<HostileCase, { table: "upload_files" }>[]) {
        const content = await readFile(join(blobFolder, row.key ?? "")).catch(() => undefined);
        expect(content, name).toEqual(blob?.content);
      }
    });
  });
});

test("a failing COPY is reported and leaves no connection behind", async () => {
  await inDatabase(async (client, databaseUrl) => {
    await generateSampleLogs({ databaseUrl, nodeExecutions: 10 });
    // The same seed again: the same primary keys.
    await expect(generateSampleLogs({ databaseUrl, nodeExecutions: 10 })).rejects.toMatchObject({ code: "23505" });
    // A backend ends a moment after its client has left.
    const copying = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%' AND datname = current_database()";
    await expect.poll(async () => (await client.query(copying)).rows, { timeout: 5_000 }).toEqual([]);
  });
});
