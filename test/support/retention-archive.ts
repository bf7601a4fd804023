import { installTemplates } from "../../src/stores/elasticsearch/indices/templates.ts";
import { upgradeState } from "../../src/workflow-logs/state/upgrade.ts";
import { type DataType, dataTypes, logTypes } from "../../src/workflow-logs/partitions/log-types.ts";
import { noProgress } from "../../src/runs/progress.ts";
import type { RetentionOptions } from "../../src/workflow-logs/retention/options.ts";
import type { RetentionReport } from "../../src/workflow-logs/retention/report.ts";
import { retentionSweep } from "../../src/workflow-logs/retention/retention-sweep.ts";
import type { RetentionWatch } from "../../src/workflow-logs/retention/sweep-context.ts";
import type { Stores } from "./compare-stores.ts";
import { archiveMark } from "./index-owner.ts";
import { createTestArchive, type TestArchive } from "./test-archive.ts";
import { withTestConnections } from "./test-connections.ts";

/** An archive without rows, with the templates and the tables that a first migrate makes. */
export async function createRetentionArchive(): Promise<TestArchive> {
  const archive = await createTestArchive({});
  await withTestConnections(archive, {}, async ({ elasticsearch, state, settings }) => {
    await installTemplates(elasticsearch, settings.template);
    await upgradeState(state);
  });
  return archive;
}

export interface SweepCall extends Partial<RetentionOptions> {
  now?: Date;
  atStep?: RetentionWatch["atStep"];
  signal?: AbortSignal;
}

/** One sweep as the library has it, over connections of its own. */
export async function sweepOnce(stores: Stores, call: SweepCall): Promise<RetentionReport> {
  const { atStep, signal = new AbortController().signal, ...options } = call;
  return withTestConnections(stores, { settings: { maxRetries: 0 }, timeoutSeconds: 10 }, (connections) =>
    retentionSweep(
      connections,
      { tenantIds: [], dataTypes, dryRun: false, operator: "tester", ...options },
      { signal, progress: noProgress, ...(atStep && { atStep }) },
    ),
  );
}

/** What became of each index and why, such as `kept: held`. */
export function outcomes({ indices }: RetentionReport): Record<string, string> {
  return Object.fromEntries(indices.map(({ name, action, reason }) => [name, `${action}: ${reason}`]));
}

export interface IndexToPut {
  tenantId: string;
  month: string;
  dataType?: DataType;
  /** created_at of its documents. */
  createdAt?: readonly unknown[];
}

/** An index of this archive, made by its template, with a document for each time; returns its name. */
export async function putIndex(stores: Stores, index: IndexToPut): Promise<string> {
  const { tenantId, month, dataType = "workflow_runs", createdAt = [] } = index;
  const name = `${stores.prefix}-${logTypes[dataType].resource}-${tenantId}-${month.replace("-", ".")}`;
  await request(stores, "PUT", name, { mappings: { _meta: await archiveMark(stores) } });
  const lines = createdAt.map(
    (time, at) =>
      `{"index":{"_id":"${at}"}}\n${JSON.stringify({ id: String(at), tenant_id: tenantId, created_at: time })}\n`,
  );
  if (lines.length > 0) {
    const answer = await fetch(`${stores.elasticsearchUrl}/${name}/_bulk`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: lines.join(""),
    });
    const { errors } = (await answer.json()) as { errors: boolean };
    if (errors) throw new Error(`Documents of ${name} were refused`);
  }
  return name;
}

/** One request that has to succeed; `path` without the leading slash. */
export async function request(
  { elasticsearchUrl }: Pick<Stores, "elasticsearchUrl">,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(`${elasticsearchUrl}/${path}`, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

export async function indexExists(
  { elasticsearchUrl }: Pick<Stores, "elasticsearchUrl">,
  name: string,
): Promise<boolean> {
  return (await fetch(`${elasticsearchUrl}/${name}`, { method: "HEAD" })).ok;
}

/** Lets a test go by an earlier time than the last sweep did. */
export async function forgetSweeps({ sql }: TestArchive): Promise<void> {
  await sql.query("DELETE FROM log_archive.retention_sweeps");
}

export interface JournalEntry {
  state: string;
  index_name: string;
  documents: string;
  newest: string | null;
  only_copy: boolean | null;
  reason: string;
  operator: string;
  snapshot: string | null;
}

export async function journal({ sql }: TestArchive, tenantId: string): Promise<JournalEntry[]> {
  const { rows } = await sql.query<JournalEntry>(
    "SELECT state, index_name, documents::text, newest, only_copy, reason, operator, snapshot FROM log_archive.retention_deletions WHERE tenant_id = $1 ORDER BY id",
    [tenantId],
  );
  return rows;
}

export async function partitionStates({ sql }: TestArchive, tenantId: string): Promise<Record<string, string>> {
  const { rows } = await sql.query<{ key: string; state: string }>(
    "SELECT data_type || '/' || month AS key, state FROM log_archive.partitions WHERE tenant_id = $1",
    [tenantId],
  );
  return Object.fromEntries(rows.map(({ key, state }) => [key, state]));
}
