import type { Pool } from "pg";

export interface BusiestApp {
  readonly tenantId: string;
  readonly appId: string;
  readonly triggeredFrom: string;
  readonly runs: number;
}

/** A word that one in so many runs has, and none of the sample. */
export const rareWord = "zebrafish";
const oneIn = 5000;

/**
 * Afterwards the only tenant has so many runs: copies at other times, some with the rare word in what was asked. Other
 * logs are gone.
 */
export async function addRuns(postgres: Pool, runs: number): Promise<void> {
  const client = await postgres.connect();
  try {
    await client.query("truncate workflow_node_executions, workflow_app_logs");
    const { rows } = await client.query<{ count: string }>("select count(*) from workflow_runs");
    const copies = Math.ceil(runs / Number(rows[0]!.count));
    await client.query(
      `create temp table copies as select r.* from workflow_runs r, generate_series(1, ${copies}) limit ${runs}`,
    );
    await client.query("truncate workflow_runs");
    await client.query(`update copies set id = gen_random_uuid(), created_at = created_at + random() * interval '20 hours',
      inputs = case when random() < 1.0 / ${oneIn} then '{"query": "where is my ${rareWord}?"}' else inputs end`);
    await client.query("insert into workflow_runs select * from copies");
    await client.query("drop table copies");
    await client.query("vacuum analyze workflow_runs");
  } finally {
    client.release();
  }
}

/** The app whose runs are asked for. */
export async function busiestApp(postgres: Pool, tenantId: string): Promise<BusiestApp> {
  const { rows } = await postgres.query<{ app: string; triggered: string; runs: string }>(
    `select app_id as app, triggered_from as triggered, count(*) as runs from workflow_runs where tenant_id = $1
      group by 1, 2 order by 3 desc limit 1`,
    [tenantId],
  );
  const { app, triggered, runs } = rows[0]!;
  return { tenantId, appId: app, triggeredFrom: triggered, runs: Number(runs) };
}
