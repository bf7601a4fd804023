import { withTestConnections } from "./test-connections.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { type GenerateOptions, generateSampleLogs } from "../../dev/sample-logs/generate.ts";
import type { SampleOptions } from "../../dev/sample-logs/sample-options.ts";
import { createSchema } from "../../dev/sample-logs/schema.ts";
import type { BlobStorage } from "../../src/stores/blobs/blob-storage.ts";
import type { ArchiveSettings } from "../../src/workflow-logs/connections.ts";
import { migrate } from "../../src/workflow-logs/migrate/migrate.ts";
import { migrateDefaults, type MigrateOptions } from "../../src/workflow-logs/copying/options.ts";
import type { MigrateReport } from "../../src/workflow-logs/copying/report.ts";
import { dataTypes } from "../../src/workflow-logs/partitions/log-types.ts";
import { noProgress } from "../../src/runs/progress.ts";
import type { Scope } from "../../src/workflow-logs/partitions/scope.ts";
import type { Stores } from "./compare-stores.ts";
import { archivedDocuments } from "./archived-documents.ts";
import { testLayout } from "./layout.ts";
import { createDatabase, dropPrefix, uniquePrefix } from "./database.ts";
import { printExactly } from "./source-rows.ts";
import { needs } from "./needs.ts";

export type SampleSize = Partial<SampleOptions> & Pick<GenerateOptions, "blobFolder">;

/** A database with sample logs and a prefix for its indices, both of one test alone. */
export interface TestArchive extends Stores {
  /** An own connection to the database that prints values exactly. */
  sql: Client;
  drop(): Promise<void>;
}

/** With `sample.nodeExecutions` 0 and nothing hostile the tables are empty but for tenants and accounts. */
export async function createTestArchive(sample: SampleSize): Promise<TestArchive> {
  const database = await createDatabase();
  const sql = new Client({ connectionString: database.url });
  sql.on("error", () => {}); // dropping the database ends it
  await sql.connect();
  await printExactly(sql);
  await createSchema(sql, sample.schema ?? "1.16");
  await generateSampleLogs({
    nodeExecutions: 0,
    tenants: 2,
    months: 2,
    graphBytes: 500,
    ...sample,
    databaseUrl: database.url,
  });
  const elasticsearchUrl = await needs("elasticsearch");
  const prefix = uniquePrefix();
  return {
    databaseUrl: database.url,
    elasticsearchUrl,
    prefix,
    sql,
    async drop() {
      await sql.end();
      await dropPrefix(elasticsearchUrl, prefix);
      await database.drop();
    },
  };
}

export interface MigrateCall extends Partial<Omit<MigrateOptions, "scope">> {
  scope?: Partial<Scope>;
  settings?: Partial<ArchiveSettings>;
  signal?: AbortSignal;
  blobs?: BlobStorage;
  /** Of each request to Elasticsearch. */
  timeoutSeconds?: number;
  note?: (text: string) => void;
}

/** One `migrate` as the library has it, over connections of its own. */
export async function migrateOnce(stores: Stores, call: MigrateCall = {}): Promise<MigrateReport> {
  const { scope, settings, signal = new AbortController().signal, blobs, timeoutSeconds, note, ...options } = call;
  return withTestConnections(stores, { settings, timeoutSeconds }, (connections) =>
    migrate(
      { ...connections, blobs },
      { ...migrateDefaults, ...options, scope: { dataTypes, tenantIds: [], ...scope } },
      { signal, progress: { ...noProgress, ...(note && { note }) } },
    ),
  );
}

/** How often a document was written into an index of the prefix, by index; writing one twice counts twice. */
async function writesByIndex({ elasticsearchUrl, prefix }: Stores): Promise<Record<string, number>> {
  const url = `${elasticsearchUrl}/${prefix}-*/_stats/indexing?filter_path=indices.*.primaries.indexing.index_total`;
  const answer = (await (await fetch(url)).json()) as {
    indices?: Record<string, { primaries: { indexing: { index_total: number } } }>;
  };
  return Object.fromEntries(
    Object.entries(answer.indices ?? {}).map(([name, { primaries }]) => [name, primaries.indexing.index_total]),
  );
}

export async function writes(stores: Stores): Promise<number> {
  return Object.values(await writesByIndex(stores)).reduce((sum, count) => sum + count, 0);
}

export async function countRows(sql: Client, table?: string): Promise<number> {
  const tables = table === undefined ? ["workflow_runs", "workflow_app_logs", "workflow_node_executions"] : [table];
  const counts = tables.map((name) => `(SELECT count(*) FROM ${name})`);
  const { rows } = await sql.query<{ rows: number }>(`SELECT (${counts.join(" + ")})::int AS rows`);
  return rows[0]!.rows;
}

export interface NewRows {
  table: string;
  count: number;
  /** A condition for the rows they are copies of. */
  like: string;
  /** An expression for created_at. */
  createdAt: string;
  /** More assignments, such as `status = 'running'`. */
  set?: string;
}

/** Inserts rows as the platform would, with ids of their own; returns these. */
export async function insertRows(sql: Client, { table, count, like, createdAt, set }: NewRows): Promise<string[]> {
  await sql.query("DROP TABLE IF EXISTS pg_temp.new_rows");
  await sql.query(
    `CREATE TEMP TABLE new_rows AS SELECT source.* FROM generate_series(1, ${count}),
       (SELECT * FROM ${table} WHERE ${like} ORDER BY created_at DESC, id DESC LIMIT 1) source`,
  );
  const more = set === undefined ? "" : `, ${set}`;
  await sql.query(`UPDATE pg_temp.new_rows SET id = gen_random_uuid(), created_at = ${createdAt}${more}`);
  const { rows } = await sql.query<{ id: string }>(
    `INSERT INTO ${table} SELECT * FROM pg_temp.new_rows RETURNING id::text AS id`,
  );
  if (rows.length !== count) throw new Error(`No row of ${table} is like ${like}`);
  return rows.map(({ id }) => id);
}

/** What the state says was copied into each index. */
export async function copiedRows(sql: Client): Promise<Record<string, number>> {
  const { rows } = await sql.query<{ index: string; rows: number }>(
    "SELECT index_name AS index, copied_rows::int AS rows FROM log_archive.partitions WHERE copied_rows > 0",
  );
  return Object.fromEntries(rows.map(({ index, rows: count }) => [index, count]));
}

/** Documents in each place that has some. */
export async function documentsByIndex({ elasticsearchUrl, prefix }: Stores): Promise<Record<string, number>> {
  if (testLayout === "shared") {
    const places: Record<string, number> = {};
    for await (const page of archivedDocuments(elasticsearchUrl, prefix))
      for (const { index } of page) places[index] = (places[index] ?? 0) + 1;
    return places;
  }
  await fetch(`${elasticsearchUrl}/${prefix}-*/_refresh`, { method: "POST" });
  const answer = await fetch(`${elasticsearchUrl}/${prefix}-*/_stats/docs?filter_path=indices.*.primaries.docs.count`);
  const { indices = {} } = (await answer.json()) as {
    indices?: Record<string, { primaries: { docs: { count: number } } }>;
  };
  const counts = Object.entries(indices).map(([name, { primaries }]) => [name, primaries.docs.count] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** Rows that the state calls copied, 0 while there is no state. */
export async function confirmedRows(sql: Client): Promise<number> {
  const { rows: found } = await sql.query<{ there: boolean }>(
    "SELECT to_regclass('log_archive.partitions') IS NOT NULL AS there",
  );
  if (found[0]?.there !== true) return 0;
  const { rows } = await sql.query<{ rows: number }>(
    "SELECT coalesce(sum(copied_rows), 0)::int AS rows FROM log_archive.partitions",
  );
  return rows[0]!.rows;
}

/** Resolves when more than `rows` rows are confirmed. */
export async function untilConfirmed(sql: Client, rows: number): Promise<void> {
  const giveUp = performance.now() + 60_000;
  while ((await confirmedRows(sql)) <= rows) {
    if (performance.now() > giveUp) throw new Error(`No more than ${rows} rows were confirmed within a minute`);
    await sleep(20);
  }
}
