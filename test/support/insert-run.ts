import { randomUUID } from "node:crypto";
import type { Client } from "pg";

export interface InsertedRun {
  runId: string;
  nodeIds: string[];
  logId: string;
}

export interface RunToInsert {
  tenantId: string;
  createdAt?: string;
  nodes?: number;
  /** Of the run. */
  status?: string;
  /** Of its node executions. */
  nodeStatus?: string;
}

/** A run that has ended, with node executions and an app log of the same time, as the platform leaves them behind. */
export async function insertRun(sql: Client, run: RunToInsert): Promise<InsertedRun> {
  const { tenantId, createdAt = "2025-09-10 10:00:00.123456", nodes = 1, status = "succeeded" } = run;
  const [runId, logId] = [randomUUID(), randomUUID()];
  await sql.query(
    `INSERT INTO workflow_runs (id, tenant_id, app_id, workflow_id, type, triggered_from, version, graph, inputs, status, outputs, created_by_role, created_by, created_at, finished_at)
     VALUES ($1, $2, $2, $2, 'workflow', 'app-run', '1', '{"nodes": []}', '{"q": "héllo \\u4f60"}', $3, '{"answer": 1.0}', 'account', $2, $4, $4::timestamp + interval '3 seconds')`,
    [runId, tenantId, status, createdAt],
  );
  await sql.query(
    `INSERT INTO workflow_app_logs (id, tenant_id, app_id, workflow_id, workflow_run_id, created_from, created_by_role, created_by, created_at)
     VALUES ($1, $2, $2, $2, $3, 'service-api', 'account', $2, $4::timestamp + interval '3 seconds')`,
    [logId, tenantId, runId, createdAt],
  );
  const nodeIds: string[] = [];
  for (let at = 0; at < nodes; at++)
    nodeIds.push(await insertNode(sql, { tenantId, runId, createdAt, status: run.nodeStatus }));
  return { runId, nodeIds, logId };
}

export interface NodeToInsert {
  tenantId: string;
  runId: string | null;
  createdAt?: string;
  status?: string | undefined;
}

export async function insertNode(sql: Client, node: NodeToInsert): Promise<string> {
  const { tenantId, runId, createdAt = "2025-09-10 10:00:00.123456", status = "succeeded" } = node;
  const id = randomUUID();
  await sql.query(
    `INSERT INTO workflow_node_executions (id, tenant_id, app_id, workflow_id, triggered_from, workflow_run_id, index, node_execution_id, node_id, node_type, title, inputs, outputs, status, created_by_role, created_by, created_at, finished_at)
     VALUES ($1, $2, $2, $2, 'workflow-run', $3, 1, $1::uuid::text, 'node', 'llm', 'LLM', '{}', '{"text": "x"}', $4, 'account', $2, $5::timestamp + interval '1 second', $5::timestamp + interval '2 seconds')`,
    [id, tenantId, runId, status, createdAt],
  );
  return id;
}

/** An offload row of a node execution with the file behind it; returns its id. */
export async function insertOffload(
  sql: Client,
  tenantId: string,
  nodeId: string,
  type: string,
  withFile = true,
): Promise<string> {
  const [id, fileId] = [randomUUID(), randomUUID()];
  if (withFile) {
    await sql.query(
      `INSERT INTO upload_files (id, tenant_id, storage_type, key, name, size, extension, created_by, created_at) VALUES ($1, $2, 'local', $1::uuid::text, 'f.json', 3, 'json', $2, '2025-09-10')`,
      [fileId, tenantId],
    );
  }
  await sql.query(
    `INSERT INTO workflow_node_execution_offload (id, tenant_id, app_id, node_execution_id, type, file_id, created_at) VALUES ($1, $2, $2, $3, $4, $5, '2025-09-10')`,
    [id, tenantId, nodeId, type, fileId],
  );
  return id;
}
