/**
 * npm run bench:incremental [-- --rows 100000] [--by capture|index]: migrates node executions, then migrates again with
 * nothing new, and asks for the status and a dry run. Says how long each took and how many blocks of the log tables
 * PostgreSQL read for it. Exits with 1 when, with capture, the run with nothing new read 1% of the tables or more; with
 * an index it also looks at the rows that had not ended, about one in fifty of these samples. Uses TEST_DATABASE_URL and
 * TEST_ELASTICSEARCH_URL, or starts servers.
 */
import { parseArgs } from "node:util";
import pg from "pg";
import { createOwnStores, type OwnStores } from "../dev/demo/own-stores.ts";
import { stopSignal } from "../dev/demo/stop-signal.ts";
import { withServers } from "../dev/demo/with-servers.ts";
import { generateSampleLogs } from "../dev/sample-logs/generate.ts";
import { formatTable } from "../src/cli/output/table.ts";
import { createdAtIndex } from "../src/workflow-logs/migrate/listing/how-to-save-scans.ts";
import { measuredProcess } from "./measured-process.ts";

const tables = ["workflow_runs", "workflow_app_logs", "workflow_node_executions"];
const limit = 0.01;
const signal = stopSignal();
const { values } = parseArgs({
  options: { rows: { type: "string", default: "100000" }, by: { type: "string", default: "capture" } },
});

await withServers(signal, async (servers) => {
  const stores = await createOwnStores(servers, "bench");
  const sql = new pg.Client({ connectionString: stores.databaseUrl });
  try {
    process.stderr.write(`Generating ${values.rows} node executions ...\n`);
    await generateSampleLogs({
      databaseUrl: stores.databaseUrl,
      nodeExecutions: Number(values.rows),
      tenants: 5,
      months: 3,
    });
    await sql.connect();
    if (values.by === "index") for (const table of tables) await sql.query(createdAtIndex(table));
    else await measure(stores, sql, ["capture", "install"]);
    await sql.query(`VACUUM ANALYZE ${tables.join(", ")}`);
    const steps = [
      { what: "first migrate", args: ["migrate"] },
      { what: "second, for app logs follow their runs", args: ["migrate"] },
      { what: "migrate with nothing new", args: ["migrate"] },
      { what: "status", args: ["status"] },
      { what: "dry run", args: ["migrate", "--dry-run"] },
    ];
    const lines: [string, string, number, string][] = [];
    for (const { what, args } of steps) {
      const { seconds, blocks, share } = await measure(stores, sql, args);
      lines.push([what, seconds.toFixed(1), blocks, `${(100 * share).toFixed(2)}%`]);
      if (values.by === "capture" && what.includes("nothing new") && share >= limit) process.exitCode = 1;
    }
    console.log(formatTable(["what", "seconds", "blocks read", "of the tables"], lines));
  } finally {
    await sql.end();
    await stores.remove();
  }
});

async function measure(stores: OwnStores, sql: pg.Client, args: readonly string[]) {
  const env = {
    DATABASE_URL: stores.databaseUrl,
    ELASTICSEARCH_HOSTS: JSON.stringify([stores.elasticsearchUrl]),
    ELASTICSEARCH_INDEX_PREFIX: stores.prefix,
  };
  const before = await blocksRead(sql);
  const started = performance.now();
  await measuredProcess(["elasticsearch", ...args, "--json"], env, signal);
  const seconds = (performance.now() - started) / 1000;
  const after = await blocksRead(sql);
  const blocks = after.read - before.read;
  return { seconds, blocks, share: blocks / after.size };
}

/** Sessions that ended have reported theirs within a second. */
async function blocksRead(sql: pg.Client): Promise<{ read: number; size: number }> {
  await sql.query("SELECT pg_sleep(2), pg_stat_clear_snapshot()");
  const { rows } = await sql.query<{ read: number; size: number }>(
    `SELECT sum(heap_blks_read + heap_blks_hit)::float8 AS read, (sum(pg_relation_size(relid)) / 8192)::float8 AS size
       FROM pg_statio_user_tables WHERE schemaname = 'public' AND relname = ANY($1)`,
    [tables],
  );
  return rows[0]!;
}
