/**
 * npm run bench:memory [-- --small 100000 --large 1000000]: migrates two amounts of node executions (and their runs and
 * app logs) in the same partitions and compares the peaks of resident memory. Exits with 1 when the larger one takes
 * more than 1.2 times the memory.
 */
import { parseArgs } from "node:util";
import { createOwnStores, type OwnStores } from "../dev/demo/own-stores.ts";
import { stopSignal } from "../dev/demo/stop-signal.ts";
import { withServers } from "../dev/demo/with-servers.ts";
import { generateSampleLogs } from "../dev/sample-logs/generate.ts";
import type { Servers } from "../dev/servers/start-servers.ts";
import { formatBytes, formatCount } from "../src/cli/output/format.ts";
import { formatTable } from "../src/cli/output/table.ts";
import { AppError } from "../src/engine/errors.ts";
import type { MigrateReport } from "../src/workflow-logs/copying/report.ts";
import { measuredProcess } from "./measured-process.ts";

interface Measured {
  nodeExecutions: number;
  rows: number;
  seconds: number;
  bytes: number;
  peakBytes: number;
}

const limit = 1.2;
const signal = stopSignal();

try {
  const { values } = parseArgs({
    options: { small: { type: "string", default: "100000" }, large: { type: "string", default: "1000000" } },
  });
  const sizes = [values.small, values.large].map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size > 0)) {
    throw new AppError("usage", "--small and --large take whole numbers above 0.");
  }
  const measured: Measured[] = [];
  await withServers(signal, async (servers) => {
    for (const nodeExecutions of sizes) measured.push(await measure(servers, nodeExecutions));
  });
  report(measured, (await measuredProcess(["--version"], {}, signal)).peakBytes);
} catch (error) {
  const reason = error instanceof AppError ? [error.message, error.hint].filter(Boolean).join("\n") : error;
  console.error(signal.aborted ? "stopped" : reason);
  process.exitCode = signal.aborted ? 130 : 1;
}

async function measure(servers: Servers, nodeExecutions: number): Promise<Measured> {
  const stores = await createOwnStores(servers, "bench");
  try {
    process.stderr.write(`Generating logs with ${formatCount(nodeExecutions)} node executions ...\n`);
    await generateSampleLogs({ databaseUrl: stores.databaseUrl, nodeExecutions, tenants: 5, months: 3 });
    process.stderr.write("Migrating them ...\n");
    return { nodeExecutions, ...(await migrate(stores)) };
  } finally {
    await stores.remove();
  }
}

/** Throws when a row was left out. */
async function migrate(stores: OwnStores): Promise<Omit<Measured, "nodeExecutions">> {
  const env = {
    DATABASE_URL: stores.databaseUrl,
    ELASTICSEARCH_HOSTS: JSON.stringify([stores.elasticsearchUrl]),
    ELASTICSEARCH_INDEX_PREFIX: stores.prefix,
  };
  const { stdout, peakBytes } = await measuredProcess(["elasticsearch", "migrate", "--json"], env, signal);
  const { totals, seconds } = JSON.parse(stdout) as MigrateReport;
  if (totals.migrated !== totals.source) throw new Error(`Of ${totals.source} rows ${totals.migrated} were copied.`);
  return { rows: totals.migrated, seconds, bytes: totals.bytes, peakBytes };
}

/** `startBytes`: a peak that is hardly above what starting alone takes says nothing about the data. */
function report(measured: readonly Measured[], startBytes: number): void {
  const results = measured.map((one) => ({
    ...one,
    rowsPerSecond: Math.round(one.rows / one.seconds),
    bytesPerSecond: Math.round(one.bytes / one.seconds),
  }));
  const [small, large] = results;
  const ratio = Math.round((large!.peakBytes / small!.peakBytes) * 1000) / 1000;
  const ok = ratio <= limit;
  const heads = ["node executions", "rows", "seconds", "rows/s", "per second", "peak resident memory"];
  const lines = results.map((result) => [
    result.nodeExecutions,
    result.rows,
    result.seconds.toFixed(1),
    result.rowsPerSecond,
    formatBytes(result.bytesPerSecond),
    formatBytes(result.peakBytes),
  ]);
  console.log(formatTable(heads, lines));
  console.log(`\nStarting the program alone takes ${formatBytes(startBytes)}.`);
  console.log(
    `${ok ? "✓" : "✗"} The larger one takes ${ratio} times the memory of the smaller; the limit is ${limit}.`,
  );
  console.log(JSON.stringify({ benchmark: "memory", small, large, startBytes, ratio, limit, ok }));
  if (!ok) process.exitCode = 1;
}
