import { on } from "node:events";
import type { Client } from "pg";
import { type AppEnd, type AppProcess, startApp } from "./app-process.ts";
import type { Stores } from "./compare-stores.ts";
import { until } from "./scheduled-sweeps.ts";

export interface AppWorker extends AppProcess {
  /** As the run knows it. */
  name: Promise<string>;
}

/** `app worker` as a process of its own. */
export function startAppWorker(stores: Stores, env: NodeJS.ProcessEnv = {}): AppWorker {
  const app = startApp(stores, ["worker", "--log-format", "json"], env);
  return { ...app, name: nameOf(app) };
}

async function nameOf({ child }: AppProcess): Promise<string> {
  let text = "";
  for await (const [piece] of on(child.stderr!, "data", { close: ["end"] })) {
    text += piece as string;
    const started = text.split("\n").find((line) => line.includes("worker started") && line.endsWith("}"));
    if (started !== undefined) return (JSON.parse(started) as { worker: string }).worker;
  }
  throw new Error(`The worker has not started: ${text}`);
}

/** Stops what is still there of them. */
export async function endAll(processes: readonly AppProcess[]): Promise<AppEnd[]> {
  for (const { child } of processes) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  return Promise.all(processes.map(({ end }) => end));
}

export interface Part {
  key: string;
  state: string;
  worker: string | null;
  attempts: number;
  migrated: number;
}

/** The partitions of the newest run, none while there is no run. */
export async function partsNow(sql: Client): Promise<Part[]> {
  const { rows: found } = await sql.query<{ there: boolean }>(
    "SELECT to_regclass('log_archive.run_parts') IS NOT NULL AS there",
  );
  if (found[0]?.there !== true) return [];
  const { rows } = await sql.query<Part>(
    `SELECT key, state, worker, attempts, coalesce((counts->'totals'->>'migrated')::int, 0) AS migrated
     FROM log_archive.run_parts WHERE run_id = (SELECT id FROM log_archive.runs ORDER BY started_at DESC LIMIT 1) ORDER BY position`,
  );
  return rows;
}

/** Resolves when `isSo` of the partitions. */
export async function untilParts(
  sql: Client,
  what: string,
  isSo: (parts: readonly Part[]) => boolean,
): Promise<Part[]> {
  return until(what, async () => {
    const parts = await partsNow(sql);
    return isSo(parts) ? parts : undefined;
  });
}

export async function newestRun(sql: Client): Promise<string> {
  const { rows } = await sql.query<{ id: string }>("SELECT id FROM log_archive.runs ORDER BY started_at DESC LIMIT 1");
  return rows[0]!.id;
}
