import type { Pool } from "pg";
import { cancellable } from "../../stores/postgres/connection/cancellable.ts";
import type { Table } from "../../stores/postgres/table.ts";
import type { DataType } from "../partitions/log-types.ts";
import { scopeCondition, type PlanContext } from "../partitions/plan-query.ts";
import { keepReason, type RuleContext } from "./keep-rules.ts";
import { storedBytes } from "./purge-note.ts";
import type { KeepReason } from "./report.ts";
import type { ForeignKeys } from "./tables/foreign-keys.ts";
import type { RelatedTables } from "./tables/related-tables.ts";

/** What cleanup-pg could take of a log table, whatever the archive holds now. */
export interface Freeable {
  readonly dataType: DataType;
  /** Of the table and its indexes on disk, for all tenants. */
  readonly tableBytes: number;
  /** Of the rows that no rule keeps; the share of the table that they are, times its size. */
  readonly freeBytes: number;
  /** Bytes of rows that a rule keeps, most first. */
  readonly kept: readonly { readonly reason: KeepReason; readonly bytes: number }[];
  /** Only some pages of the table were looked at. */
  readonly isSampled: boolean;
}

/** Of a larger table so many rows, on pages chosen at random, tell the shares well enough. */
const sampledRows = 100_000;

/**
 * Looks at log tables by the rules of a purge up to now. Reads only, and makes no tables. Rejects when a table cannot
 * be read.
 */
export async function freeable(
  pool: Pool,
  contexts: readonly PlanContext[],
  related: RelatedTables,
  foreignKeys: ForeignKeys,
  hasState: boolean,
  signal: AbortSignal,
): Promise<Freeable[]> {
  const found: Freeable[] = [];
  for (const context of contexts) {
    const rules = { related, foreignKeys, hasState, timeZone: context.timeZone };
    found.push(await freeableOf(pool, context, rules, signal));
  }
  return found;
}

type Rules = Pick<RuleContext, "related" | "hasState" | "timeZone"> & Pick<RuleContext["references"], "foreignKeys">;

async function freeableOf(pool: Pool, context: PlanContext, rules: Rules, signal: AbortSignal): Promise<Freeable> {
  const { table, dataType } = context;
  const { related, foreignKeys, hasState, timeZone } = rules;
  const { sample, isSampled } = await sampleOf(pool, table);
  const rows = `${table.sqlName} t ${sample} ${scopeCondition(context)}`;
  const runId = dataType === "workflow_runs" ? "t.id" : "t.workflow_run_id";
  const lists: string[] = [];
  /** One scan of a table that may have no index, for only the ids that are asked for. */
  const listed = (list: string, from: Table | undefined, column: string, id: string) => {
    if (from === undefined) return undefined;
    lists.push(
      `${list} as materialized (select distinct c.${column} as id from ${from.sqlName} c where c.${column} in (select ${id} from ${rows}))`,
    );
    return (value: string): string => `${value} in (select id from ${list})`;
  };
  const reason = keepReason(dataType, {
    related,
    hasState,
    timeZone,
    references: {
      messages: listed("of_messages", related.messages, "workflow_run_id", runId),
      drafts:
        dataType === "node_executions" ? listed("of_drafts", related.drafts, "node_execution_id", "t.id") : undefined,
      foreignKeys,
    },
    cutoff: "infinity",
    children: [], // they would be gone by then, or are kept for a reason of their own
  });
  const withLists = lists.length === 0 ? "" : `with ${lists.join(", ")}`;
  const { groups, size } = await cancellable(pool, signal, async (client) => ({
    groups: await client.query<{ reason: KeepReason | null; bytes: string }>(
      `${withLists} select split_part(reason, ' ', 1) as reason, sum(bytes)::bigint as bytes from (select ${storedBytes(table, "t")} as bytes, ${reason} as reason from ${rows}) looked group by 1`,
    ),
    size: await client.query<{ bytes: string }>(
      "select coalesce(sum(pg_total_relation_size(relid)), pg_total_relation_size($1::regclass))::bigint as bytes from pg_partition_tree($1::regclass)",
      [table.sqlName],
    ),
  }));
  const tableBytes = Number(size.rows[0]!.bytes);
  const all = groups.rows.reduce((sum, { bytes }) => sum + Number(bytes), 0);
  const ofTable = (bytes: string): number => (all === 0 ? 0 : Math.round((Number(bytes) / all) * tableBytes));
  return {
    dataType,
    tableBytes,
    freeBytes: ofTable(groups.rows.find((group) => group.reason === null)?.bytes ?? "0"),
    kept: groups.rows
      .flatMap((group) => (group.reason === null ? [] : [{ reason: group.reason, bytes: ofTable(group.bytes) }]))
      .toSorted((a, b) => b.bytes - a.bytes),
    isSampled,
  };
}

async function sampleOf(pool: Pool, table: Table): Promise<{ sample: string; isSampled: boolean }> {
  const { rows } = await pool.query<{ kind: string }>("select relkind as kind from pg_class where oid = $1::regclass", [
    table.sqlName,
  ]);
  const hasPages = ["r", "p", "m"].includes(rows[0]!.kind);
  if (!hasPages || table.estimatedRows <= sampledRows) return { sample: "", isSampled: false };
  const percent = (100 * sampledRows) / table.estimatedRows;
  return { sample: `tablesample system (${percent.toPrecision(6)}) repeatable (1)`, isSampled: true };
}
