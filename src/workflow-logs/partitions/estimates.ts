import type { Pool } from "pg";
import type { Table } from "../../stores/postgres/table.ts";
import type { DataType } from "./log-types.ts";
import { type PlanContext, scopeCondition } from "./plan-query.ts";

/** Of a table that large all rows are counted within moments, by any server. */
const quickBytes = 100 * 1024 * 1024;

/** Whether all the tables together are read in a moment; of a view nobody knows. */
export async function areQuickToRead(pool: Pool, tables: readonly Pick<Table, "sqlName">[]): Promise<boolean> {
  const { rows } = await pool.query<{ bytes: string | null; unknown: boolean }>(
    `select (select sum(coalesce((select sum(pg_relation_size(relid)) from pg_partition_tree(t)), pg_relation_size(t)))
               from unnest($1::text[]::regclass[]) t) as bytes,
            exists (select from pg_class where oid = any($1::text[]::regclass[]) and relkind not in ('r', 'p', 'm')) as unknown`,
    [tables.map(({ sqlName }) => sqlName)],
  );
  const { bytes, unknown } = rows[0]!;
  return !unknown && Number(bytes ?? 0) <= quickBytes;
}

/** A log table by the planner's statistics, which ANALYZE and autovacuum keep. */
export interface TableEstimate {
  readonly dataType: DataType;
  /** In the scope. */
  readonly rows: number;
  /** On disk, with indexes and what lies out of line, for all tenants. */
  readonly bytes: number;
}

/** At once, whatever the size of the table. */
export async function estimateTable(pool: Pool, context: PlanContext): Promise<TableEstimate> {
  const { sqlName } = context.table;
  const explained = await pool.query<{ "QUERY PLAN": string | unknown[] }>(
    `explain (format json) select from ${sqlName} t ${scopeCondition(context)}`,
  );
  const answer = explained.rows[0]!["QUERY PLAN"];
  const [{ Plan }] = (typeof answer === "string" ? JSON.parse(answer) : answer) as [{ Plan: { "Plan Rows": number } }];
  const size = await pool.query<{ bytes: string }>(
    "select coalesce(sum(pg_total_relation_size(relid)), pg_total_relation_size($1::regclass))::bigint as bytes from pg_partition_tree($1::regclass)",
    [sqlName],
  );
  return { dataType: context.dataType, rows: Plan["Plan Rows"], bytes: Number(size.rows[0]!.bytes) };
}

/**
 * How many months and tenants there are by the planner's statistics: at most every tenant in every month. Undefined where
 * the table was never analysed.
 */
export async function estimateMonths(
  pool: Pool,
  { table, scope }: PlanContext,
): Promise<{ readonly months: number; readonly tenants: number } | undefined> {
  const { rows } = await pool.query<{ tenants: number | null; bounds: string | null }>(
    `select case when t.n_distinct < 0 then -t.n_distinct * c.reltuples else t.n_distinct end::float8 as tenants, a.histogram_bounds::text as bounds
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_stats t on t.schemaname = n.nspname and t.tablename = c.relname and t.attname = 'tenant_id'
       join pg_stats a on a.schemaname = n.nspname and a.tablename = c.relname and a.attname = 'created_at'
      where c.oid = $1::regclass limit 1`,
    [table.sqlName],
  );
  const { tenants = null, bounds = null } = rows[0] ?? {};
  const times = bounds?.match(/\d{4}-\d{2}-\d{2} [\d:.]+/g);
  if (tenants === null || times == null) return undefined;
  const [first, last] = [times[0], times.at(-1)!];
  const from = scope.start !== undefined && scope.start > first ? scope.start : first;
  const to = scope.end !== undefined && scope.end < last ? scope.end : last;
  const months = Math.max(0, monthOf(to) - monthOf(from) + 1);
  return { months, tenants: scope.tenantIds.length > 0 ? scope.tenantIds.length : Math.ceil(tenants) };
}

/** Months since the year 0. */
function monthOf(time: string): number {
  return 12 * Number(time.slice(0, 4)) + Number(time.slice(5, 7));
}
