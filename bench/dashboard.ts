/**
 * npm run bench:dashboard [-- --tenants 20000]: opens the dashboard of an archive with so many tenants in a headless
 * Chromium, and says when the browser painted first, by its own account, and when the first tenants stood in the map:
 * for whoever opens it first, when all months are counted, and for those who come behind. Uses TEST_DATABASE_URL and
 * TEST_ELASTICSEARCH_URL, or starts servers.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import pg from "pg";
import type { Browser } from "puppeteer-core";
import { openBrowser } from "../dev/browser.ts";
import { createOwnStores, type OwnStores } from "../dev/demo/own-stores.ts";
import { stopSignal } from "../dev/demo/stop-signal.ts";
import { withServers } from "../dev/demo/with-servers.ts";
import { generateSampleLogs } from "../dev/sample-logs/generate.ts";
import { formatTable } from "../src/cli/output/table.ts";
import { measuredProcess } from "./measured-process.ts";

const visits = 5;
const signal = stopSignal();
const { values } = parseArgs({ options: { tenants: { type: "string", default: "20000" } } });

await withServers(signal, async (servers) => {
  const stores = await createOwnStores(servers, "bench");
  try {
    await makeArchive(stores, Number(values.tenants));
    await measure(stores);
  } finally {
    await stores.remove();
  }
});

/** A real archive of two tenants, and the state of many more. */
async function makeArchive(stores: OwnStores, tenants: number): Promise<void> {
  const sql = new pg.Client({ connectionString: stores.databaseUrl });
  await sql.connect();
  try {
    await generateSampleLogs({ databaseUrl: stores.databaseUrl, nodeExecutions: 500, tenants: 2, months: 3 });
    await measuredProcess(["elasticsearch", "migrate", "--json"], envOf(stores), signal);
    await sql.query(
      `INSERT INTO log_archive.partitions (data_type, tenant_id, month, state, index_name, index_uuid)
       SELECT t, gen_random_uuid()::text, m, (array['copying','copied','verified','purged','expired'])[1 + n % 5], 'none', 'none'
         FROM generate_series(1, $1::int) n, unnest(array['workflow_runs','app_logs','node_executions']) t,
              unnest(array['2026-01','2026-02','2026-03']) m`,
      [tenants],
    );
  } finally {
    await sql.end();
  }
}

async function measure(stores: OwnStores): Promise<void> {
  const env = { ...process.env, ...envOf(stores) };
  const args = ["dist/cli/main.js", "dashboard", "--json", "--log-level", "warn"];
  const dashboard = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const browser = await openBrowser();
  try {
    const [said] = (await once(dashboard.stdout, "data")) as [Buffer];
    const { url } = JSON.parse(said.toString()) as { url: string };
    const rows: (string | number)[][] = [];
    for (let visit = 0; visit < visits; visit++)
      rows.push([visit === 0 ? "the first" : "another", ...(await visitOnce(browser, url))]);
    console.log(formatTable(["visitor", "first paint ms", "first tenants ms"], rows));
  } finally {
    await browser.close();
    dashboard.kill("SIGTERM");
    await once(dashboard, "close");
  }
}

async function visitOnce(browser: Browser, url: string): Promise<[paint: number, tenants: number]> {
  const context = await browser.createBrowserContext(); // nothing is cached in it
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector(".map tbody tr", { timeout: 120_000 });
  const times = await page.evaluate(() => [
    performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
    performance.now(),
  ]);
  await context.close();
  return [Math.round(times[0]!), Math.round(times[1]!)];
}

function envOf({ databaseUrl, elasticsearchUrl, prefix }: OwnStores): NodeJS.ProcessEnv {
  return {
    DATABASE_URL: databaseUrl,
    ELASTICSEARCH_HOSTS: JSON.stringify([elasticsearchUrl]),
    ELASTICSEARCH_INDEX_PREFIX: prefix,
  };
}
