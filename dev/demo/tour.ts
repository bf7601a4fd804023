import pg from "pg";
import { AppError } from "../../src/engine/errors.ts";
import { generateSampleLogs } from "../sample-logs/generate.ts";
import { platformGoesOn } from "./changes.ts";
import { type CommandLine, createCommandLine } from "./command-line.ts";
import type { OwnStores } from "./own-stores.ts";
import { proveCounts, proveDocument, proveSearch } from "./proof.ts";
import { counted, explain, say } from "./say.ts";

/** Shows the main job from an empty database to proven copies. Throws when anything is not as it says. */
export async function tour(
  stores: OwnStores,
  folder: string,
  nodeExecutions: number,
  signal: AbortSignal,
): Promise<void> {
  const sql = new pg.Client({ connectionString: stores.databaseUrl });
  sql.on("error", () => {}); // the query under way fails with it
  await sql.connect();
  try {
    await sql.query("SET TIME ZONE 'UTC'; SET extra_float_digits TO 3");
    await makeLogs(stores, nodeExecutions);
    signal.throwIfAborted();
    const commands = await configure(stores, folder, signal);
    await migrateAll(commands);
    await migrateChanges(sql, commands);
    await prove(sql, stores);
  } finally {
    await sql.end();
  }
}

async function makeLogs({ databaseUrl }: OwnStores, nodeExecutions: number): Promise<void> {
  explain("A platform with history: the tables of Dify 1.16, filled with generated logs of 3 tenants and 2 months.");
  const { tables } = await generateSampleLogs({
    databaseUrl,
    nodeExecutions,
    tenants: 3,
    months: 2,
    firstMonth: monthsAgo(2),
  });
  for (const table of ["workflow_runs", "workflow_app_logs", "workflow_node_executions"] as const) {
    say(`    ${table.padEnd(26)} ${counted(tables[table] ?? 0, "row")}`);
  }
  say("    Some runs are still running: the platform has not written their end yet.");
}

/** `YYYY-MM` */
function monthsAgo(months: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1)).toISOString().slice(0, 7);
}

async function configure(stores: OwnStores, folder: string, signal: AbortSignal): Promise<CommandLine> {
  explain("The configuration, an .env file in the working directory:");
  return createCommandLine(folder, stores, signal);
}

async function migrateAll({ app }: CommandLine): Promise<void> {
  explain("Is everything there that a migration needs? This only looks.");
  await app("elasticsearch preflight");
  explain("What would be copied? Nothing is written yet, neither here nor there.");
  await app("elasticsearch migrate --dry-run");
  explain(
    "Now the copy. PostgreSQL keeps its rows; a kill at any moment would cost nothing but the last few requests.",
  );
  await app("elasticsearch migrate");
}

async function migrateChanges(sql: pg.Client, { app }: CommandLine): Promise<void> {
  explain("Meanwhile the platform goes on:");
  const { newRows, lateRows, finishedRows } = await platformGoesOn(sql);
  say(`    ${counted(newRows, "new row")} of a run of this minute`);
  say(`    ${counted(lateRows, "row")} with an earlier created_at, committed late`);
  say(`    ${counted(finishedRows, "row")} of a run that was running and has ended now`);

  explain("The same command again is the incremental migration: it copies only these.");
  await app("elasticsearch migrate");
  const { rows } = await sql.query<{ migrated: number }>(
    "SELECT (report->'totals'->>'migrated')::int AS migrated FROM log_archive.runs ORDER BY started_at DESC LIMIT 1",
  );
  const expected = newRows + lateRows + finishedRows;
  if (rows[0]?.migrated !== expected) {
    throw new AppError("demo_proof_failed", `The second migration copied ${rows[0]?.migrated} rows, not ${expected}.`);
  }

  explain("How both stores stand now, for every data type, tenant and month:");
  await app("elasticsearch status");
}

async function prove(sql: pg.Client, stores: OwnStores): Promise<void> {
  explain("The proof, without the program: counts by SQL and by Elasticsearch's own API,");
  const rows = await proveCounts(sql, stores);
  explain("one document with Chinese text beside its row, column by column,");
  const columns = await proveDocument(sql, stores);
  explain("and a full-text search, which finds Chinese also where JSON holds it as \\uXXXX escapes:");
  await proveSearch(sql, stores);
  say(`\n✓ PROOF: ${counted(rows, "row")} and as many documents; all ${columns} columns of the document equal its row`);
}
