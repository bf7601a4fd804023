/**
 * npm run bench:workers [-- --rows 20000 --latency 150]: copies node executions with 1, 2 and 3 workers into an
 * Elasticsearch that answers so many milliseconds late in each direction, as one far away does, and says how much more
 * they copy in a second than one. Uses TEST_DATABASE_URL and TEST_ELASTICSEARCH_URL, or starts servers.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import pg from "pg";
import { createOwnStores } from "../dev/demo/own-stores.ts";
import { stopSignal } from "../dev/demo/stop-signal.ts";
import { withServers } from "../dev/demo/with-servers.ts";
import { generateSampleLogs } from "../dev/sample-logs/generate.ts";
import { formatTable } from "../src/cli/output/table.ts";
import { appArguments, measuredProcess } from "./measured-process.ts";
import { farServer } from "./support/far-server.ts";

const signal = stopSignal();
const { values } = parseArgs({
  options: { rows: { type: "string", default: "20000" }, latency: { type: "string", default: "150" } },
});

await withServers(signal, async (servers) => {
  const far = await farServer(servers.elasticsearchUrl, Number(values.latency));
  const lines: [number, number, string, string][] = [];
  try {
    for (const workers of [1, 2, 3]) {
      const perSecond = await measure(servers, far.url, workers);
      const alone = lines[0]?.[1] ?? perSecond;
      lines.push([workers, Math.round(perSecond), (perSecond / alone).toFixed(2), `${values.latency} ms`]);
      process.stderr.write(`${workers} workers: ${Math.round(perSecond)} rows/s\n`);
    }
  } finally {
    await far.close();
  }
  console.log(formatTable(["workers", "rows/s", "of one worker", "latency each way"], lines));
});

/** Rows a second from the first partition that was taken to the last that was done. */
async function measure(
  servers: Parameters<typeof createOwnStores>[0],
  elasticsearchUrl: string,
  workers: number,
): Promise<number> {
  const stores = await createOwnStores(servers, "bench");
  const env = {
    ...process.env,
    DATABASE_URL: stores.databaseUrl,
    ELASTICSEARCH_HOSTS: JSON.stringify([elasticsearchUrl]),
    ELASTICSEARCH_INDEX_PREFIX: stores.prefix,
  };
  const sql = new pg.Client({ connectionString: stores.databaseUrl });
  const processes = [];
  try {
    await generateSampleLogs({
      databaseUrl: stores.databaseUrl,
      nodeExecutions: Number(values.rows),
      tenants: 12,
      months: 1,
    });
    await sql.connect();
    for (let count = 0; count < workers; count++)
      processes.push(spawn(process.execPath, appArguments(["worker", "--quiet"]), { env, stdio: "ignore" }));
    const { stdout } = await measuredProcess(
      ["elasticsearch", "migrate", "--distributed", "--concurrency", "1", "--batch-size", "100", "--json"],
      env,
      signal,
    );
    const { totals } = JSON.parse(stdout) as { totals: { migrated: number } };
    const { rows } = await sql.query<{ seconds: number }>(
      `SELECT extract(epoch FROM max(completed_on) - min(started_on))::float8 AS seconds
         FROM log_archive_jobs.job WHERE name = 'run-partitions'`,
    );
    return totals.migrated / rows[0]!.seconds;
  } finally {
    for (const worker of processes) {
      worker.kill("SIGTERM");
      if (worker.exitCode === null) await once(worker, "close");
    }
    await sql.end();
    await stores.remove();
  }
}
