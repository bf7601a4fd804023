/**
 * npm run profile [-- --rows 20000 --search-text off|bounded|full --out FOLDER]: migrates generated logs under Node's
 * sampling profiler, writes the profile into the folder (profiles/ when not given) and prints the functions that took
 * most of the time. How to read both: docs/performance.md.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createOwnStores } from "../dev/demo/own-stores.ts";
import { stopSignal } from "../dev/demo/stop-signal.ts";
import { withServers } from "../dev/demo/with-servers.ts";
import { generateSampleLogs } from "../dev/sample-logs/generate.ts";
import type { Servers } from "../dev/servers/start-servers.ts";
import { formatCount } from "../src/cli/output/format.ts";
import { formatTable } from "../src/cli/output/table.ts";
import { AppError } from "../src/engine/errors.ts";
import type { MigrateReport } from "../src/workflow-logs/copying/report.ts";
import { appArguments, measuredNode } from "./measured-process.ts";
import { type CpuProfile, selfTimes } from "./support/cpu-profile.ts";

const root = resolve(import.meta.dirname, "..");
const mostPlaces = 30;
const stop = stopSignal();

try {
  const { values } = parseArgs({
    options: {
      rows: { type: "string", default: "20000" },
      "search-text": { type: "string", default: "bounded" },
      out: { type: "string", default: join(root, "profiles") },
    },
  });
  const nodeExecutions = Number(values.rows);
  if (!Number.isInteger(nodeExecutions) || nodeExecutions < 1) {
    throw new AppError("usage", "--rows takes a whole number above 0.");
  }
  const name = `migrate-${values["search-text"]}.cpuprofile`;
  const folder = resolve(values.out);
  await mkdir(folder, { recursive: true });
  const { totals, seconds } = await withServers(stop, (servers) =>
    migrate(servers, nodeExecutions, values["search-text"], [
      "--cpu-prof",
      `--cpu-prof-dir=${folder}`,
      `--cpu-prof-name=${name}`,
    ]),
  );
  const times = selfTimes(JSON.parse(await readFile(join(folder, name), "utf8")) as CpuProfile, root);
  const busy = times.reduce((sum, { millis }) => sum + millis, 0);
  const lines = times
    .slice(0, mostPlaces)
    .map(({ place, millis, share }) => [millis.toFixed(0), `${(100 * share).toFixed(1)}%`, place]);
  console.log(formatTable(["self ms", "share", "function"], lines));
  const each = (1000 * busy) / totals.migrated;
  console.log(
    `\n${formatCount(totals.migrated)} rows in ${seconds} s, ${busy.toFixed(0)} ms of them not idle: ${each.toFixed(0)} µs for each row, start included.`,
  );
  console.log(
    `${relative(process.cwd(), join(folder, name))}: open it at https://www.speedscope.app, or in Chrome's developer tools under Performance.`,
  );
} catch (error) {
  const reason = error instanceof AppError ? [error.message, error.hint].filter(Boolean).join("\n") : error;
  console.error(stop.aborted ? "stopped" : reason);
  process.exitCode = stop.aborted ? 130 : 1;
}

async function migrate(
  servers: Servers,
  nodeExecutions: number,
  searchText: string,
  profiler: readonly string[],
): Promise<MigrateReport> {
  const stores = await createOwnStores(servers, "profile");
  try {
    process.stderr.write(`Generating logs with ${formatCount(nodeExecutions)} node executions ...\n`);
    await generateSampleLogs({ databaseUrl: stores.databaseUrl, nodeExecutions, tenants: 1, months: 3 });
    process.stderr.write("Migrating them ...\n");
    const env = {
      DATABASE_URL: stores.databaseUrl,
      ELASTICSEARCH_HOSTS: JSON.stringify([stores.elasticsearchUrl]),
      ELASTICSEARCH_INDEX_PREFIX: stores.prefix,
      ELASTICSEARCH_SEARCH_TEXT: searchText,
    };
    const args = [...profiler, ...appArguments(["elasticsearch", "migrate", "--json"])];
    return JSON.parse((await measuredNode(args, { env, signal: stop })).stdout) as MigrateReport;
  } finally {
    await stores.remove();
  }
}
