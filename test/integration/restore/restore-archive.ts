import { withTestConnections } from "../../support/test-connections.ts";
import type { Client } from "pg";
import type { BlobStorage } from "../../../src/stores/blobs/blob-storage.ts";
import type { ArchiveSettings } from "../../../src/workflow-logs/connections.ts";
import { dataTypes } from "../../../src/workflow-logs/partitions/log-types.ts";
import { noProgress, type ProgressSink } from "../../../src/runs/progress.ts";
import { restoreDefaults, type RestoreOptions } from "../../../src/workflow-logs/restore/options.ts";
import type { RestoreReport } from "../../../src/workflow-logs/restore/report.ts";
import { restore } from "../../../src/workflow-logs/restore/restore.ts";
import type { Stores } from "../../support/compare-stores.ts";
import { columnsOf } from "../../support/source-rows.ts";

export interface RestoreCall extends Partial<Omit<RestoreOptions, "tenantId">> {
  settings?: Partial<ArchiveSettings>;
  signal?: AbortSignal;
  progress?: ProgressSink;
  blobs?: BlobStorage;
}

/** One `restore` as the library has it, over connections of its own. */
export async function restoreOnce(stores: Stores, tenantId: string, call: RestoreCall = {}): Promise<RestoreReport> {
  const { settings, signal = new AbortController().signal, progress = noProgress, blobs, ...options } = call;
  return withTestConnections(stores, { settings }, (connections) =>
    restore({ ...connections, blobs }, { ...restoreDefaults, dataTypes, ...options, tenantId }, { signal, progress }),
  );
}

export const logTables = [
  "workflow_runs",
  "workflow_app_logs",
  "workflow_node_executions",
  "workflow_node_execution_offload",
];

/**
 * Every row of the log tables by its id: each column as PostgreSQL prints it, doubles also as their bytes. Neither the
 * program nor its tables come in.
 */
export async function dumpLogs(sql: Client): Promise<Record<string, Record<string, string>>> {
  const dump: Record<string, Record<string, string>> = {};
  for (const table of logTables) {
    const columns = await columnsOf(sql, table);
    if (columns.length === 0) continue; // Dify has offload rows from 1.9 on
    const values = columns.flatMap(({ name, type }) => {
      const quoted = `"${name.replaceAll('"', '""')}"`;
      return [`${quoted}::text`, ...(type === "float8" ? [`encode(float8send(${quoted}), 'hex')`] : [])];
    });
    const { rows } = await sql.query<{ id: string; line: string }>(
      `SELECT id::text AS id, json_build_array(${values.join(", ")})::text AS line FROM ${table} ORDER BY id`,
    );
    dump[table] = Object.fromEntries(rows.map(({ id, line }) => [id, line]));
  }
  return dump;
}

export async function tenantsOf(sql: Client): Promise<string[]> {
  const { rows } = await sql.query<{ id: string }>(
    `SELECT tenant_id::text AS id FROM (SELECT tenant_id FROM workflow_runs UNION SELECT tenant_id FROM workflow_app_logs
       UNION SELECT tenant_id FROM workflow_node_executions) t ORDER BY 1`,
  );
  return rows.map(({ id }) => id);
}

/** Puts about half of the rows into the month after the first. */
export async function intoTwoMonths(sql: Client): Promise<void> {
  for (const table of logTables.slice(0, 3))
    await sql.query(`UPDATE ${table} SET created_at = created_at + interval '30 days' WHERE id::text > '8'`);
}

/**
 * Deletes, as a purge would, the rows of a condition with what belongs to them; returns how many of the three log
 * tables.
 */
export async function deleteLogs(sql: Client, condition: string): Promise<number> {
  const hasOffloads = (await columnsOf(sql, "workflow_node_execution_offload")).length > 0;
  if (hasOffloads) {
    await sql.query(
      `DELETE FROM workflow_node_execution_offload o USING workflow_node_executions t WHERE o.node_execution_id = t.id AND ${condition.replaceAll(/\b(tenant_id|created_at|id)\b/g, "t.$1")}`,
    );
  }
  let deleted = 0;
  for (const table of ["workflow_node_executions", "workflow_app_logs", "workflow_runs"])
    deleted += (await sql.query(`DELETE FROM ${table} WHERE ${condition}`)).rowCount ?? 0;
  return deleted;
}

/** Those rows whose created_at names a month: the others are never archived. */
export const archivable = "created_at >= '0001-01-01' AND created_at < '10000-01-01'";

export function indexOf({ prefix }: Stores, resource: string, tenantId: string, month: string): string {
  return `${prefix}-${resource}-${tenantId}-${month}`;
}

/** A document as JSON.parse reads it. */
export async function sourceOf(
  { elasticsearchUrl }: Stores,
  index: string,
  id: string,
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${elasticsearchUrl}/${index}/_source/${id}`);
  if (!answer.ok) throw new Error(`${index}/${id}: ${answer.status}`);
  return (await answer.json()) as Record<string, unknown>;
}

export async function putDocument(
  { elasticsearchUrl }: Stores,
  index: string,
  id: string,
  source: Record<string, unknown>,
): Promise<void> {
  const answer = await fetch(`${elasticsearchUrl}/${index}/_doc/${id}?refresh=true`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(source),
  });
  if (!answer.ok) throw new Error(`${index}/${id}: ${answer.status} ${await answer.text()}`);
}
