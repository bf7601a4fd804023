import type { Client } from "pg";
import { AppError } from "../../src/engine/errors.ts";

/** What the platform wrote between two migrations. */
export interface Changes {
  newRows: number;
  lateRows: number;
  finishedRows: number;
}

/**
 * A run of now with its nodes and logs, one node whose row comes late with an earlier time, and the end of a run that
 * was running.
 */
export async function platformGoesOn(sql: Client): Promise<Changes> {
  return {
    newRows: await insertRun(sql),
    lateRows: await insertLateNode(sql),
    finishedRows: await finishRun(sql),
  };
}

async function insertRun(sql: Client): Promise<number> {
  const model = await one<{ id: string; newId: string }>(
    sql,
    `SELECT r.id::text AS id, gen_random_uuid()::text AS "newId" FROM workflow_runs r JOIN workflow_app_logs l ON l.workflow_run_id = r.id
      WHERE r.status = 'succeeded' ORDER BY r.created_at DESC, r.id LIMIT 1`,
  );
  const now = "localtimestamp - interval '5 minutes'";
  const insert = (table: string, key: string, changes: string): Promise<number> =>
    affected(
      sql,
      `INSERT INTO ${table} SELECT (jsonb_populate_record(t, jsonb_build_object('created_at', ${now}, ${changes}))).*
         FROM ${table} t WHERE t.${key} = $1`,
      [model.id],
    );
  const ofRun = `'id', gen_random_uuid(), 'workflow_run_id', '${model.newId}'`;
  return (
    (await insert("workflow_runs", "id", `'id', '${model.newId}', 'finished_at', localtimestamp`)) +
    (await insert("workflow_app_logs", "workflow_run_id", ofRun)) +
    (await insert("workflow_node_executions", "workflow_run_id", `${ofRun}, 'node_execution_id', gen_random_uuid()`))
  );
}

/** As a transaction does that began before the last checkpoint and commits after it. */
async function insertLateNode(sql: Client): Promise<number> {
  return affected(
    sql,
    `INSERT INTO workflow_node_executions
     SELECT (jsonb_populate_record(n, jsonb_build_object('id', gen_random_uuid(), 'node_execution_id', gen_random_uuid(),
              'created_at', n.created_at - interval '20 minutes'))).*
       FROM workflow_node_executions n
      WHERE n.id = (SELECT id FROM workflow_node_executions WHERE status = 'succeeded' AND created_at < date_trunc('month', localtimestamp)
                     ORDER BY created_at DESC, id LIMIT 1)`,
  );
}

async function finishRun(sql: Client): Promise<number> {
  const { id } = await one<{ id: string }>(
    sql,
    `SELECT r.id::text AS id FROM workflow_runs r JOIN workflow_node_executions n ON n.workflow_run_id = r.id AND n.status = 'running'
      WHERE r.status = 'running' ORDER BY r.created_at DESC, r.id LIMIT 1`,
  );
  const end = "SET status = 'succeeded', finished_at = localtimestamp, elapsed_time = 12.75";
  return (
    (await affected(sql, `UPDATE workflow_runs ${end}, outputs = '{"answer": "完成"}' WHERE id = $1`, [id])) +
    (await affected(sql, `UPDATE workflow_node_executions ${end} WHERE workflow_run_id = $1 AND status = 'running'`, [
      id,
    ]))
  );
}

async function one<T extends object>(sql: Client, query: string): Promise<T> {
  const { rows } = await sql.query<T>(query);
  if (rows[0] === undefined)
    throw new AppError("demo_sample_too_small", "The sample has no row to change; ask for more.");
  return rows[0];
}

async function affected(sql: Client, statement: string, values: string[] = []): Promise<number> {
  return (await sql.query(statement, values)).rowCount ?? 0;
}
