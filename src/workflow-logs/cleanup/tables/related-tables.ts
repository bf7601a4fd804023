import type { Pool } from "pg";
import {
  hasColumn,
  hasIndexOn,
  inspectTable,
  quoteIdentifier,
  quoteLiteral,
  type Table,
} from "../../../stores/postgres/table.ts";
import type { Run } from "../../../runs/run.ts";
import { logTypes, offloadTable } from "../../partitions/log-types.ts";
import type { SourceTable } from "../../partitions/source-schema.ts";
import type { ForeignKeys, LogTables } from "./foreign-keys.ts";
import { buildIdTable, type Reference } from "./id-tables.ts";
import type { UnindexedPredicate } from "../report.ts";

/**
 * What the rules look at beside the row itself. Undefined where this version of the platform has no such table: its
 * rule does not apply.
 */
export interface RelatedTables extends LogTables {
  readonly files: Table | undefined;
  readonly pauses: Table | undefined;
  readonly triggers: Table | undefined;
  readonly messages: Table | undefined;
  readonly drafts: Table | undefined;
}

/** `sources` are those of all data types. */
export async function relatedTables(pool: Pool, sources: readonly SourceTable[]): Promise<RelatedTables> {
  const log = (name: string): Table => sources.find(({ table }) => table.name === name)!.table;
  const withColumn = async (name: string, column: string): Promise<Table | undefined> => {
    const table = await inspectTable(pool, name);
    return table !== undefined && hasColumn(table, column) ? table : undefined;
  };
  return {
    nodes: log(logTypes.node_executions.table),
    logs: log(logTypes.app_logs.table),
    runs: log(logTypes.workflow_runs.table),
    offloads: await withColumn(offloadTable, "node_execution_id"),
    files: await withColumn("upload_files", "id"),
    pauses: await withColumn("workflow_pauses", "workflow_run_id"),
    triggers: await withColumn("workflow_trigger_logs", "workflow_run_id"),
    messages: await withColumn("messages", "workflow_run_id"),
    drafts: await withColumn("workflow_draft_variables", "node_execution_id"),
  };
}

/**
 * References that no rule can do without; Dify has indexes for none of them, so each table is scanned once for a run.
 */
export interface References {
  /** Runs that messages refer to. */
  readonly messages: Reference | undefined;
  /** Node executions whose result a draft uses. */
  readonly drafts: Reference | undefined;
  /** That the operator made. */
  readonly foreignKeys: ForeignKeys;
}

export async function findReferences(
  pool: Pool,
  run: Run,
  related: RelatedTables,
  foreignKeys: ForeignKeys,
  tenantId: string,
): Promise<References> {
  const { runs, messages, drafts } = related;
  const ofTenant = `exists (select from ${runs.sqlName} r where r.id = c.workflow_run_id and r.tenant_id = ${quoteLiteral(tenantId)})`;
  return {
    messages: messages && (await referenceTo(pool, run, messages, "workflow_run_id", ofTenant)),
    drafts: drafts && (await referenceTo(pool, run, drafts, "node_execution_id")),
    foreignKeys,
  };
}

/** Whether rows of `table` refer to an id: looked up where an index serves, else from a list made by one scan. */
async function referenceTo(pool: Pool, run: Run, table: Table, column: string, condition = "true"): Promise<Reference> {
  if (hasIndexOn(table, [column])) return (id) => `exists (select from ${table.sqlName} c where c.${column} = ${id})`;
  const query = `select distinct c.${column} as id from ${table.sqlName} c where c.${column} is not null and ${condition}`;
  return (await buildIdTable(pool, run, table.name, query)).contains;
}

/**
 * Whether rows of a log table belong to a run. Where no index serves, the list is made now: call it when what belongs
 * to runs has been purged. `except` are ids that count as deleted, for a dry run.
 */
export async function childrenOfRuns(
  pool: Pool,
  run: Run,
  table: Table,
  tenantId: string,
  except: Reference | undefined,
): Promise<Reference> {
  const tenant = `c.tenant_id = ${quoteLiteral(tenantId)}`;
  const left = except === undefined ? "" : ` and not ${except("c.id")}`;
  if (hasIndexOn(table, ["workflow_run_id"])) {
    return (id) => `exists (select from ${table.sqlName} c where c.workflow_run_id = ${id} and ${tenant}${left})`;
  }
  const query = `select distinct c.workflow_run_id as id from ${table.sqlName} c where ${tenant} and c.workflow_run_id is not null${left}`;
  return (await buildIdTable(pool, run, `children_${table.name}`, query)).contains;
}

/** Conditions of the purge that scan a table, or much of it, for want of an index. */
export function unindexedPredicates(related: RelatedTables, { all }: ForeignKeys): UnindexedPredicate[] {
  const once = "scanned once by each cleanup-pg";
  const often = "no lookup by run: scanned once, and entries of the same app are searched for each batch of runs";
  const predicates: [Table | undefined, string[], string][] = [
    [related.nodes, ["tenant_id", "created_at", "id"], once],
    [related.logs, ["tenant_id", "created_at", "id"], once],
    [related.runs, ["tenant_id", "created_at", "id"], once],
    [related.nodes, ["workflow_run_id"], often],
    [related.logs, ["workflow_run_id"], often],
    [related.offloads, ["node_execution_id"], "scanned for each page of node executions"],
    [related.messages, ["workflow_run_id"], once],
    [related.drafts, ["node_execution_id"], once],
    [related.pauses, ["workflow_run_id"], "scanned for each page of runs"],
    [related.triggers, ["workflow_run_id"], "scanned for each page of runs"],
  ];
  const ofPlatform = predicates.flatMap(([table, columns, effect]) => {
    const needed = columns[0] === "tenant_id" ? columns.slice(0, 2) : columns;
    if (table === undefined || hasIndexOn(table, needed)) return [];
    const statement = `CREATE INDEX CONCURRENTLY ON ${table.sqlName} (${columns.map(quoteIdentifier).join(", ")});`;
    return [{ table: table.name, columns, effect, statement }];
  });
  const ofKeys = all.filter(({ isIndexed }) => !isIndexed);
  return [
    ...ofPlatform,
    ...ofKeys.map(({ table, columns }) => ({
      table,
      columns,
      effect: "scanned for each page of rows that it may refer to, and by PostgreSQL for each row deleted",
      statement: `CREATE INDEX CONCURRENTLY ON ${table} (${columns.map(quoteIdentifier).join(", ")});`,
    })),
  ];
}
