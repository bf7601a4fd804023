import { quoteIdentifier, quoteLiteral, sqlIdType, type Table } from "../../stores/postgres/table.ts";
import { utcToLocal } from "../documents/time-zone.ts";
import type { DataType } from "./log-types.ts";
import { overlapWindow } from "./overlap-window.ts";
import type { Scope } from "./scope.ts";
import { textBytesExpression } from "../rows/row-query.ts";

export interface PlanContext {
  readonly dataType: DataType;
  readonly table: Table;
  readonly scope: Scope;
  readonly timeZone: string;
  /**
   * Identities of the indices that exist: checkpoints that speak of others do not count, and expired partitions are
   * left out. Undefined where all rows are meant: there is no state schema, or everything is copied from nothing.
   */
  readonly indexUuids: readonly string[] | undefined;
  /** Leaves the size of the rows out, so that an index with the keys is enough. */
  readonly keysOnly?: boolean;
  /** Counts the confirmed rows of each month in the same scan. */
  readonly countConfirmed?: boolean;
  /** Not all rows are looked at, but those alone that can be new. */
  readonly only?: OnlyNew | undefined;
}

/**
 * Rows that were noted, or applied from a note behind the last checkpoint; or rows with a created_at from here on, in
 * the source's time.
 */
export type OnlyNew = { readonly by: "notes" } | { readonly by: "created_at"; readonly since: string };

/** For statements with `only`: whatever the planner knows of the tables, they are read by an index. */
export const onlyNewSettings =
  "set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off; set local max_parallel_workers_per_gather = 0";

/** Tenant ids that an index can be named after. A uuid always is one. */
const tenantPattern = "^[a-z0-9][a-z0-9_-]{0,99}$";

/**
 * One scan of a log table: the keys of all rows in the scope that are not confirmed yet, and of those in the overlap
 * window before a checkpoint (`listed_again`). `month` is NULL where created_at or the tenant id names no index.
 * `bytes` is the size of the text columns, which PostgreSQL knows without reading them. With `countConfirmed` the other
 * confirmed rows are in it too, `listed_again` and without a key, and `rows` says for how many rows each stands.
 */
export function keysQuery(context: PlanContext): string {
  const { table, dataType, indexUuids } = context;
  const month = monthExpression(context);
  const bytes = context.keysOnly === true ? "0" : textBytesExpression(table, "t");
  const listed = `select t.tenant_id, t.created_at, t.id, ${bytes} as bytes, ${month} as month from ${rowsOf(context)} ${scopeCondition(context)}`;
  const keys = table.idIsUnique ? listed : onlyUniqueIds(listed);
  if (indexUuids === undefined) return `select k.*, false as listed_again from (${keys}) k`;
  const confirmed = `left join (select p.tenant_id, p.month, p.state, c.range_start, c.created_at, c.id from log_archive.partitions p left join log_archive.checkpoints c using (data_type, tenant_id, month)
                where p.data_type = ${quoteLiteral(dataType)} and (p.state = 'expired' or p.index_uuid = any(array[${indexUuids.map(quoteLiteral).join(", ")}]::text[]))) c
      on c.tenant_id = k.tenant_id::text and c.month = k.month and (c.state = 'expired'
        or k.created_at >= c.range_start and (k.created_at, k.id) <= (c.created_at, c.id::${sqlIdType(table)}))`;
  const isListed = `(c.tenant_id is null or k.created_at >= c.created_at - interval '${overlapWindow}')`;
  const isConfirmed = "c.id is not null";
  if (context.countConfirmed !== true) {
    return `select k.*, ${isConfirmed} as listed_again from (${keys}) k ${confirmed} where c.state is distinct from 'expired' and ${isListed}`;
  }
  const ifListed = (value: string, otherwise = "null"): string =>
    `case when ${isListed} then ${value} else ${otherwise} end`;
  return `select k.tenant_id, ${ifListed("k.created_at")} as created_at, ${ifListed("k.id")} as id, ${ifListed("k.bytes", "0")} as bytes, k.month, ${isConfirmed} as listed_again, 1 as rows
    from (${keys}) k ${confirmed} where c.state is distinct from 'expired'`;
}

function rowsOf({ table, dataType, only }: PlanContext): string {
  if (only?.by !== "notes") return `${table.sqlName} t`;
  const ofType = `where data_type = ${quoteLiteral(dataType)}`;
  return `(select distinct record_id::${sqlIdType(table)} as id from (select record_id from log_archive.dirty_rows ${ofType}
      union all select record_id from log_archive.applied_rows ${ofType}) n) n join ${table.sqlName} t on t.id = n.id`;
}

/**
 * What a key table is made of: the keys, and with `countConfirmed` one row more for each month, which has no key and
 * counts the rows that need none.
 */
export function keyTableQuery(context: PlanContext): string {
  if (context.countConfirmed !== true) return keysQuery(context);
  return `select tenant_id, created_at, id, max(bytes) as bytes, month, listed_again, count(*) as rows from (${keysQuery(context)}) k
    group by tenant_id, created_at, id, month, listed_again`;
}

/**
 * Of rows with one id, none has a month: the archive has one document of an id, and nobody knows whose. Costs a sort of
 * all keys.
 */
function onlyUniqueIds(keys: string): string {
  return `select tenant_id, created_at, id, bytes, case when count(*) over (partition by id) = 1 then month end as month from (${keys}) twice`;
}

/**
 * Rows, bytes, rows listed again and confirmed rows (0 where they are not counted) of each tenant and month; month is
 * NULL for rows that cannot be archived.
 */
export function partitionsQuery(
  keys: string,
  { countConfirmed = false }: Pick<PlanContext, "countConfirmed"> = {},
): string {
  const counted = (condition: string): string =>
    countConfirmed ? `coalesce(sum(rows) filter (where ${condition}), 0)` : `count(*) filter (where ${condition})`;
  return `select tenant_id::text as "tenantId", month, ${counted("not listed_again")} as rows,
      coalesce(sum(bytes) filter (where not listed_again), 0) as bytes, count(*) filter (where listed_again and created_at is not null) as "listedAgain",
      ${countConfirmed ? counted("listed_again") : "0"} as confirmed
    from (${keys}) keys group by tenant_id, month`;
}

/**
 * Puts the rows without a month into the record errors, those that are there already left alone; a key that is missing
 * is ''.
 */
export function unarchivableQuery(context: PlanContext, keys: string, runId: string): string {
  const causes: [condition: string, type: string, reason: string][] = [
    [
      `(${hasMonth(utcExpression(context, "k"))}) is not true`,
      "created_at_without_month",
      `'created_at is ' || coalesce(k.created_at::text, 'NULL') || '; months of the years 1 to 9999 have an index'`,
    ],
    ["k.id is null", "id_missing", "'the row has no id that a document could have'"],
    [
      `(${nameableTenant(context.table, "k")}) is not true`,
      "tenant_without_index",
      `'no index can be named after this tenant id' || case when k.tenant_id is null then ', which is NULL' else '' end`,
    ],
    ["true", "id_not_unique", "'several rows have this id, and the archive has one document of an id'"],
  ];
  const choose = (value: (cause: (typeof causes)[number]) => string): string =>
    `case ${causes.map((cause) => `when ${cause[0]} then ${value(cause)}`).join(" ")} end`;
  return `insert into log_archive.record_errors (data_type, record_id, tenant_id, month, type, reason, run_id)
    select ${quoteLiteral(context.dataType)}, coalesce(id::text, ''), coalesce(tenant_id::text, ''), null,
        ${choose(([, type]) => quoteLiteral(type))}, ${choose(([, , reason]) => reason)}, ${quoteLiteral(runId)}
      from (${keys}) k where month is null
    on conflict (data_type, record_id) do nothing
    returning record_id as id, tenant_id as "tenantId", type, reason`;
}

/** The month (UTC) of the row `t`; NULL where created_at or the tenant id names no index, or there is no id. */
export function monthExpression({ table, timeZone }: Pick<PlanContext, "table" | "timeZone">): string {
  const utc = utcExpression({ table, timeZone }, "t");
  const id = table.columns.find((column) => column.name === "id")!.notNull ? "" : " and t.id is not null";
  return `case when ${hasMonth(utc)} and ${nameableTenant(table, "t")}${id} then to_char(${utc}, 'YYYY-MM') end`;
}

function nameableTenant(table: Table, alias: string): string {
  const { type, notNull } = table.columns.find((column) => column.name === "tenant_id")!;
  if (type !== "uuid") return `${alias}.tenant_id::text ~ ${quoteLiteral(tenantPattern)}`;
  return notNull ? "true" : `${alias}.tenant_id is not null`;
}

function utcExpression({ table, timeZone }: Pick<PlanContext, "table" | "timeZone">, alias: string): string {
  const type = table.columns.find((column) => column.name === "created_at")!.type;
  if (type === "timestamptz") return `(${alias}.created_at at time zone 'UTC')`;
  if (timeZone === "UTC") return `${alias}.created_at`;
  return `(${alias}.created_at at time zone ${quoteLiteral(timeZone)} at time zone 'UTC')`;
}

/** Also false for infinities. */
function hasMonth(utc: string): string {
  return `${utc} >= '0001-01-01' and ${utc} < '10000-01-01'`;
}

export function scopeCondition({ table, scope, timeZone, only }: PlanContext): string {
  const tenantType = quoteIdentifier(table.columns.find((column) => column.name === "tenant_id")!.type);
  const conditions = [
    ...(scope.tenantIds.length > 0
      ? [`t.tenant_id = any(array[${scope.tenantIds.map(quoteLiteral).join(", ")}]::${tenantType}[])`]
      : []),
    ...(scope.start !== undefined ? [`t.created_at >= ${quoteLiteral(utcToLocal(scope.start, timeZone))}`] : []),
    ...(only?.by === "created_at" ? [`t.created_at >= ${quoteLiteral(only.since)}`] : []),
    ...(scope.end !== undefined ? [`t.created_at < ${quoteLiteral(utcToLocal(scope.end, timeZone))}`] : []),
  ];
  return conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`;
}
