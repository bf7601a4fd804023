import pg from "pg";
import { createOwnStores } from "../../dev/demo/own-stores.ts";
import { type GenerateOptions, generateSampleLogs } from "../../dev/sample-logs/generate.ts";
import { type SampleSummary } from "../../dev/sample-logs/sample-summary.ts";
import type { Bench } from "./bench.ts";

/** A database with logs, and a prefix for their indices. */
export interface SampleArchive {
  readonly databaseUrl: string;
  readonly elasticsearchUrl: string;
  readonly prefix: string;
  readonly logs: SampleSummary;
  readonly tenantId: string;
  /** What the program runs with. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs statements in the database. */
  readonly execute: (statement: string) => Promise<void>;
}

/** Works with logs of one tenant; afterwards nothing of them is left. */
export async function withSampleArchive<T>(
  bench: Bench,
  sample: Omit<GenerateOptions, "databaseUrl">,
  work: (archive: SampleArchive) => Promise<T>,
): Promise<T> {
  const stores = await createOwnStores(
    { databaseUrl: bench.postgres.url, elasticsearchUrl: bench.elasticsearch.url },
    "bench",
  );
  const { databaseUrl, elasticsearchUrl, prefix } = stores;
  const sql = new pg.Client({ connectionString: databaseUrl });
  sql.on("error", () => {}); // the next statement says so
  try {
    bench.say(`Generating logs with ${sample.nodeExecutions} node executions`);
    const logs = await generateSampleLogs({ tenants: 1, months: 6, ...sample, databaseUrl });
    await sql.connect();
    return await work({
      databaseUrl,
      elasticsearchUrl,
      prefix,
      logs,
      tenantId: logs.tenants[0]!,
      env: {
        DATABASE_URL: databaseUrl,
        ELASTICSEARCH_HOSTS: JSON.stringify([elasticsearchUrl]),
        ELASTICSEARCH_INDEX_PREFIX: prefix,
      },
      execute: async (statement) => void (await sql.query(statement)),
    });
  } finally {
    await sql.end();
    await stores.remove();
  }
}
