import { sql } from "kysely";
import type { Sharing } from "../../runs/sharing.ts";
import type { RunsDatabase, SharedRunsDatabase } from "./runs-tables.ts";

const partsShown = 100;

/** How the parts of a run stand; undefined for a run that is not shared. */
export async function sharingOf(runs: RunsDatabase, runId: string): Promise<Sharing | undefined> {
  const db = runs as unknown as SharedRunsDatabase; // the tables lie beside each other
  const exists = await sql<{ found: boolean }>`
    select to_regclass('log_archive.shared_runs') is not null as found`.execute(db);
  if (exists.rows[0]?.found !== true) return undefined;
  const counts = await db
    .selectFrom("run_parts")
    .select(["state", (row) => row.fn.countAll<string>().as("count")])
    .where("run_id", "=", runId)
    .groupBy("state")
    .execute();
  const workers = await workersOf(db, runId);
  if (counts.length === 0 && workers.length === 0) return undefined;
  const parts = { total: 0, waiting: 0, working: 0, done: 0, failed: 0 };
  for (const { state, count } of counts) {
    parts[state] = Number(count);
    parts.total += Number(count);
  }
  const shown = await db
    .selectFrom("run_parts")
    .select(["key", "state", "worker", "attempts", "updated_at as updatedAt", "error"])
    .where("run_id", "=", runId)
    .orderBy(sql`array_position(array['failed', 'working', 'waiting', 'done'], state)`)
    .orderBy("position")
    .limit(partsShown)
    .execute();
  const withError = shown.map(({ error, ...part }) => ({
    ...part,
    error: error && { code: error.code, message: error.message },
  }));
  return { workers, parts, shown: withError };
}

/** Who has taken part in a run, or refused to. */
export async function workersOf(db: SharedRunsDatabase, runId: string): Promise<Sharing["workers"]> {
  const { rows } = await sql<Sharing["workers"][number]>`
    select w.worker, w.seen_at as "seenAt", w.waiting, w.refusal,
      (count(p.key) filter (where p.state = 'working'))::int as working, (count(p.key) filter (where p.state = 'done'))::int as done
    from log_archive.run_workers w left join log_archive.run_parts p on p.run_id = w.run_id and p.worker = w.worker
    where w.run_id = ${runId} group by 1, 2, 3, 4 order by 1`.execute(db);
  return rows;
}
