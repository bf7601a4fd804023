/**
 * npm run bench:dirty [-- --rows 1000000]: migrates node executions, makes every row dirty in random order, applies all
 * of them, and compares the two speeds. Exits with 1 when dirty rows are applied at less than half of the copy's speed.
 * Uses TEST_DATABASE_URL and TEST_ELASTICSEARCH_URL, or starts servers.
 */
import { parseArgs } from "node:util";
import pg from "pg";
import { createOwnStores, type OwnStores } from "../dev/demo/own-stores.ts";
import { stopSignal } from "../dev/demo/stop-signal.ts";
import { withServers } from "../dev/demo/with-servers.ts";
import { generateSampleLogs } from "../dev/sample-logs/generate.ts";
import { formatTable } from "../src/cli/output/table.ts";
import type { ApplyDirtyReport } from "../src/workflow-logs/dirty/dirty-report.ts";
import type { MigrateReport } from "../src/workflow-logs/copying/report.ts";
import { measuredProcess } from "./measured-process.ts";

const limit = 0.5;
const signal = stopSignal();
const { values } = parseArgs({ options: { rows: { type: "string", default: "1000000" } } });

await withServers(signal, async (servers) => {
  const stores = await createOwnStores(servers, "bench");
  try {
    process.stderr.write(`Generating ${values.rows} node executions ...\n`);
    await generateSampleLogs({
      databaseUrl: stores.databaseUrl,
      nodeExecutions: Number(values.rows),
      tenants: 5,
      months: 3,
    });
    process.stderr.write("Migrating them ...\n");
    const copy = await app<MigrateReport>(stores, "migrate");
    await makeDirty(stores);
    process.stderr.write("Applying all of them ...\n");
    const dirty = await app<ApplyDirtyReport>(stores, "apply-dirty");
    if (dirty.totals.applied < copy.totals.migrated) throw new Error(`Only ${dirty.totals.applied} were applied.`);
    report(
      { what: "copied", rows: copy.totals.migrated, seconds: copy.seconds },
      { what: "applied", rows: dirty.totals.applied, seconds: dirty.seconds },
    );
  } finally {
    await stores.remove();
  }
});

async function app<Report>(stores: OwnStores, command: string): Promise<Report> {
  const env = {
    DATABASE_URL: stores.databaseUrl,
    ELASTICSEARCH_HOSTS: JSON.stringify([stores.elasticsearchUrl]),
    ELASTICSEARCH_INDEX_PREFIX: stores.prefix,
  };
  const { stdout } = await measuredProcess(["elasticsearch", command, "--json"], env, signal);
  return JSON.parse(stdout) as Report;
}

/** As capture would have noted one update of every row. */
async function makeDirty({ databaseUrl }: OwnStores): Promise<void> {
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  const tables = {
    workflow_runs: "workflow_runs",
    workflow_app_logs: "app_logs",
    workflow_node_executions: "node_executions",
  };
  for (const [table, dataType] of Object.entries(tables)) {
    await sql.query(
      `INSERT INTO log_archive.dirty_rows (data_type, record_id, operation, tenant_id, old_tenant_id, old_created_at, created_at)
       SELECT '${dataType}', id::text, 'U', tenant_id::text, tenant_id::text, created_at, created_at FROM ${table} ORDER BY random()`,
    );
  }
  await sql.query("ANALYZE");
  await sql.end();
}

interface Measured {
  readonly what: string;
  readonly rows: number;
  readonly seconds: number;
}

function report(...measured: readonly [Measured, Measured]): void {
  const [copied, applied] = measured.map(({ rows, seconds }) => rows / seconds) as [number, number];
  const rows = measured.map(({ what, rows: count, seconds }) => [what, count, seconds, Math.round(count / seconds)]);
  console.log(formatTable(["", "rows", "seconds", "rows/s"], rows));
  console.log(
    `Dirty rows are applied at ${(applied / copied).toFixed(2)} of the copy's speed; at least ${limit} is asked for.`,
  );
  if (applied < limit * copied) process.exitCode = 1;
}
