import { UsageError } from "../../engine/errors.ts";
import type { Connections } from "../connections.ts";
import { type NodeExecution, nodeExecutionKind } from "../repositories/node-executions/node-execution.ts";
import { ElasticsearchRecords } from "../repositories/records/elasticsearch-records.ts";
import { orderedDocuments } from "../repositories/records/ordered-documents.ts";
import { PostgresRecords } from "../repositories/records/postgres-records.ts";
import { recordOfDocument } from "../repositories/records/read-record.ts";
import { type WorkflowRun, workflowRunKind } from "../repositories/workflow-runs/workflow-run.ts";
import { readRollout } from "../state/rollouts.ts";
import { appliedMigrations } from "../state/upgrade.ts";
import { offloadsOfDocument, offloadsOfRows, type ShownOffload } from "./shown-offloads.ts";

// src/workflow-logs/show puts one run of the platform together from both stores, for a person to read. It only reads.

export type StoreName = "postgres" | "elasticsearch";

export interface ShownNode extends NodeExecution {
  readonly store: StoreName;
  readonly offloads: readonly ShownOffload[];
}

export interface ShownRun {
  readonly tenantId: string;
  /** Null where only nodes of it are left. */
  readonly run: (WorkflowRun & { readonly store: StoreName }) | null;
  /** By (created_at, index, id). */
  readonly nodes: readonly ShownNode[];
}

/**
 * The run with all its nodes. What only one store has is taken from there; of what both have, the store counts from
 * which the tenant's logs are read. Elasticsearch finds nodes as of the last refresh. Throws UsageError where neither
 * store has the run; with a tenant, where neither has anything of it.
 *
 * @example
 * ```ts
 * import { openArchive, parseConfig, showRun } from "log-archive";
 *
 * const archive = await openArchive(parseConfig(process.env));
 * const { run, nodes } = await showRun(archive.connections, process.env["RUN_ID"]!);
 * console.log(run?.status, nodes.map(({ title, status, store }) => `${title} ${status} (${store})`));
 * await archive.close();
 * ```
 */
export async function showRun(connections: Connections, runId: string, ofTenant?: string): Promise<ShownRun> {
  const { rows, documents } = await findRun(connections, runId, ofTenant);
  const tenantId = ofTenant ?? (rows ?? documents)?.tenantId;
  if (tenantId === undefined) throw unknownRun(runId, "Neither PostgreSQL nor Elasticsearch has a run");
  const isArchiveFirst = (await readMode(connections, tenantId)) === "elasticsearch";
  const [ofRows, ofDocuments] = await Promise.all([
    nodesOfRows(connections, tenantId, runId, rows?.appId),
    nodesOfDocuments(connections, tenantId, runId),
  ]);
  const [first, second] = isArchiveFirst ? [ofDocuments, ofRows] : [ofRows, ofDocuments];
  const nodes = [...new Map([...second, ...first].map((node) => [node.id, node])).values()].toSorted(inOrder);
  const run = isArchiveFirst ? (documents ?? rows) : (rows ?? documents);
  if (run === undefined && nodes.length === 0) throw unknownRun(runId, `Tenant ${tenantId} has no run`);
  return { tenantId, run: run ?? null, nodes };
}

function unknownRun(runId: string, nobodyHas: string): UsageError {
  return new UsageError("unknown_run", `${nobodyHas} ${JSON.stringify(runId)}.`, {
    hint: "Give the platform's whole id of the run; app elasticsearch search finds it. Months past their retention are gone.",
  });
}

async function findRun(connections: Connections, runId: string, tenantId: string | undefined) {
  const records = new PostgresRecords(connections, workflowRunKind);
  const archived = new ElasticsearchRecords(connections, workflowRunKind);
  const table = await records.table();
  const conditions = [table.is("id", runId), ...(tenantId === undefined ? [] : [table.is("tenantId", tenantId)])];
  const [row, document] = await Promise.all([
    records.find(conditions),
    tenantId === undefined ? archived.getOfAnyTenant(runId) : archived.get(tenantId, runId),
  ]);
  return {
    rows: row && { ...row, store: "postgres" as const },
    documents: document && { ...document, store: "elasticsearch" as const },
  };
}

/** Where nobody has decided, PostgreSQL: also where this program has no tables yet. */
async function readMode({ state }: Connections, tenantId: string): Promise<string> {
  if ((await appliedMigrations(state)).length === 0) return "postgres";
  return (await readRollout(state, tenantId)).read;
}

async function nodesOfRows(
  connections: Connections,
  tenantId: string,
  runId: string,
  appId: string | undefined,
): Promise<ShownNode[]> {
  const records = new PostgresRecords(connections, nodeExecutionKind);
  const table = await records.table();
  // the platform's index begins with tenant and app
  const ofApp = appId === undefined ? [] : [table.is("appId", appId)];
  const conditions = [table.is("tenantId", tenantId), ...ofApp, table.is("workflowRunId", runId)];
  const nodes = await records.list(conditions, { direction: "asc" });
  const offloads = await offloadsOfRows(
    connections.postgres,
    nodes.map(({ id }) => id),
  );
  return nodes.map((node) => ({ ...node, store: "postgres", offloads: offloads.get(node.id) ?? [] }));
}

const nodesPerRequest = 500;

async function nodesOfDocuments(connections: Connections, tenantId: string, runId: string): Promise<ShownNode[]> {
  const records = new ElasticsearchRecords(connections, nodeExecutionKind);
  const query = await records.query(tenantId, [{ term: { workflow_run_id: runId } }]);
  const nodes: ShownNode[] = [];
  const order = { direction: "asc", pageSize: nodesPerRequest, source: true } as const;
  for await (const page of orderedDocuments(records.client, query, order))
    for (const { source } of page)
      nodes.push({
        ...recordOfDocument(nodeExecutionKind, source),
        store: "elasticsearch",
        offloads: offloadsOfDocument(source),
      });
  return nodes;
}

function inOrder(a: ShownNode, b: ShownNode): number {
  return text(a.createdAt, b.createdAt) || a.index - b.index || text(a.id, b.id);
}

function text(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
