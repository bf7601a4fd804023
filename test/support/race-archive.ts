import { Client } from "pg";
import type { Stores } from "./compare-stores.ts";
import type { TestArchive } from "./test-archive.ts";

export const tenantId = "11111111-1111-4111-8111-111111111111";

/** The id of the test's run with this number. */
export function runId(number: number): string {
  return `22222222-2222-4222-8222-${String(number).padStart(12, "0")}`;
}

/** Inserts a run that has ended, as the platform would. */
export async function saveRun({ sql }: TestArchive, number: number, createdAt: string, outputs: string): Promise<void> {
  await sql.query(
    `INSERT INTO workflow_runs (id, tenant_id, app_id, workflow_id, type, triggered_from, version, graph, inputs, status, outputs, created_by_role, created_by, created_at, finished_at)
     VALUES ($1, $2, $2, $2, 'workflow', 'app-run', '1', '{}', '{}', 'succeeded', $3, 'account', $2, $4, $4)`,
    [runId(number), tenantId, outputs, createdAt],
  );
}

export async function changeRun(
  { sql }: TestArchive,
  number: number,
  outputs: string,
  createdAt?: string,
): Promise<void> {
  await sql.query(
    "UPDATE workflow_runs SET outputs = $2, created_at = coalesce($3, created_at), finished_at = coalesce($3, finished_at) WHERE id = $1",
    [runId(number), outputs, createdAt ?? null],
  );
}

export async function deleteRun({ sql }: TestArchive, number: number): Promise<void> {
  await sql.query("DELETE FROM workflow_runs WHERE id = $1", [runId(number)]);
}

/** What the row says, as `outputs`; undefined where there is none. */
export async function row({ sql }: TestArchive, number: number): Promise<string | undefined> {
  const { rows } = await sql.query<{ outputs: string }>("SELECT outputs FROM workflow_runs WHERE id = $1", [
    runId(number),
  ]);
  return rows[0]?.outputs;
}

/** What the run's document in the month's index (`2025.08`) says, as `outputs`; undefined where there is none. */
export async function documentOf(stores: Stores, number: number, month: string): Promise<string | undefined> {
  const index = `${stores.prefix}-workflow-runs-${tenantId}-${month}`;
  const answer = await fetch(`${stores.elasticsearchUrl}/${index}/_doc/${runId(number)}`);
  const { _source } = (await answer.json()) as { _source?: { outputs: string } };
  return _source?.outputs;
}

export async function waitingNotes({ sql }: TestArchive): Promise<number> {
  const { rows } = await sql.query<{ notes: number }>("SELECT count(*)::int AS notes FROM log_archive.dirty_rows");
  return rows[0]!.notes;
}

/** Holds the partition of the runs of a month (`2025-08`) as another run would. */
export async function holdMonth({ databaseUrl }: Stores, month: string): Promise<Client> {
  const holder = new Client({ connectionString: databaseUrl });
  await holder.connect();
  await holder.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [
    `log_archive:partition:workflow_runs/${tenantId}/${month}`,
  ]);
  return holder;
}
