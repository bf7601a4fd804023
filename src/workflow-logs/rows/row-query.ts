import { quoteIdentifier, quoteLiteral, sqlIdType, type Table } from "../../stores/postgres/table.ts";
import type { ConfirmedRange } from "../state/partitions/checkpoints.ts";
import type { RowLayout } from "../documents/row-layout.ts";
import type { TimeRange } from "../partitions/scope.ts";

/** A place in the order (created_at, id). `createdAt` is text with microseconds, in the source's own time. */
export interface Cursor {
  readonly createdAt: string;
  readonly id: string;
}

/**
 * A table of (tenant_id, created_at, id): the logs themselves where an index serves that order, else their key table.
 */
export interface Listing {
  readonly sqlName: string;
  /** Whether it is a copy of the keys, so that rows have to be fetched by id and may have changed or gone since. */
  readonly isKeyTable: boolean;
}

export interface PageRange {
  readonly tenantId: string;
  /** Inclusive and exclusive bounds of created_at. */
  readonly from: string;
  readonly to: string;
  readonly after: Cursor | undefined;
  readonly rows: number;
  /** The page ends with the row whose text takes it beyond this. */
  readonly bytes: number;
}

/**
 * The next rows behind a cursor, in order, none only at the end. From a key table, one tuple for each key: a row that
 * is gone, or whose created_at has changed since the key was listed, gives NULLs.
 */
export function pageQuery(table: Table, layout: RowLayout, listing: Listing, range: PageRange): string {
  const literal = columnLiterals(table);
  const tenant = literal("tenant_id", range.tenantId);
  const conditions = [
    `k.tenant_id = ${tenant}`,
    ...(table.columns.find(({ name }) => name === "id")!.notNull ? [] : ["k.id is not null"]),
    `k.created_at >= ${literal("created_at", range.from)}`,
    `k.created_at < ${literal("created_at", range.to)}`,
  ];
  if (range.after !== undefined) {
    conditions.push(
      `(k.created_at, k.id) > (${literal("created_at", range.after.createdAt)}, ${literal("id", range.after.id)})`,
    );
  }
  const columns = ["*", ...(listing.isKeyTable ? [] : layout.systemColumns)].join(", ");
  const sized = `(select k.*, sum(${bytesOfKey(table, layout, listing)})
        over (order by k.created_at, k.id rows between unbounded preceding and 1 preceding) as bytes_before_row
      from (select ${columns} from ${listing.sqlName} k where ${conditions.join(" and ")} order by k.created_at, k.id limit ${range.rows}) k)`;
  const onPage = `(bytes_before_row is null or bytes_before_row < ${range.bytes})`;
  if (!listing.isKeyTable) {
    return `select t.created_at, t.id, ${layout.selectList} from ${sized} t ${layout.joins} where ${onPage} order by t.created_at, t.id`;
  }
  return `select k.created_at, k.id, ${layout.selectList} from ${sized} k
    left join ${table.sqlName} t on t.id = k.id and t.created_at = k.created_at and t.tenant_id = ${tenant} ${layout.joins}
    where ${onPage} order by k.created_at, k.id`;
}

/**
 * The text that comes with the key `k`: what a key table noted, or what the row itself has, and that of related rows.
 */
function bytesOfKey(table: Table, { related }: RowLayout, listing: Listing): string {
  if (!listing.isKeyTable) return `${textBytesExpression(table, "k")} + ${related?.textBytes("k") ?? "0"}`;
  if (related === undefined) return "k.bytes";
  return `k.bytes + coalesce((select ${related.textBytes("l")} from ${table.sqlName} l where l.id = k.id limit 1), 0)`;
}

/**
 * Size of a row's text; octet_length needs only a value's header, also where the value lies compressed and out of line.
 */
export function textBytesExpression(table: Table, alias: string): string {
  const sizes = table.columns
    .filter((column) => column.type === "text" || column.type === "varchar")
    .map((column) => `coalesce(octet_length(${alias}.${quoteIdentifier(column.name)}), 0)`);
  return sizes.length === 0 ? "0" : `(${sizes.join(" + ")})`;
}

/**
 * Ids of rows listed within `overlap` (an interval; the whole range without one) before the end of a confirmed range:
 * those inserted late are among them.
 */
export function lateIdsQuery(
  table: Table,
  listing: Listing,
  tenantId: string,
  range: ConfirmedRange,
  overlap: string | undefined,
): string {
  const literal = columnLiterals(table);
  const start = literal("created_at", range.start);
  const end = literal("created_at", range.createdAt);
  return `select k.id::text as id from ${listing.sqlName} k
    where k.tenant_id = ${literal("tenant_id", tenantId)}
      and k.created_at >= ${overlap === undefined ? start : `greatest(${start}, ${end} - interval ${quoteLiteral(overlap)})`}
      and (k.created_at, k.id) <= (${end}, ${literal("id", range.id)})`;
}

/** Ids of the rows listed in a range. */
export function idsInRangeQuery(table: Table, listing: Listing, tenantId: string, { from, to }: TimeRange): string {
  const literal = columnLiterals(table);
  return `select k.id::text as id from ${listing.sqlName} k
    where k.tenant_id = ${literal("tenant_id", tenantId)} and k.id is not null
      and k.created_at >= ${literal("created_at", from)} and k.created_at < ${literal("created_at", to)}`;
}

/** Tenant, month and created_at of the rows with the ids in $1. */
export function locateQuery(table: Table, month: string): string {
  const idType = sqlIdType(table);
  return `select t.id::text as id, coalesce(t.tenant_id::text, '') as "tenantId", ${month} as month, to_char(t.created_at, 'YYYY-MM-DD HH24:MI:SS.US') as "createdAt"
    from ${table.sqlName} t where t.id = any($1::${idType}[])`;
}

function columnLiterals(table: Table): (column: string, value: string) => string {
  return (column, value) =>
    `${quoteLiteral(value)}::${quoteIdentifier(table.columns.find(({ name }) => name === column)!.type)}`;
}

/**
 * Where rows have to be to be read: of a tenant and, with `month`, in a month, which the SQL `of` says of the row `t`.
 */
export interface Home {
  readonly tenantId: string;
  readonly month?: { readonly value: string; readonly of: string };
}

/**
 * The first of the rows with these ids, in the order of the ids, until their text is beyond `bytes`; NULLs for those
 * that are gone, or not at home.
 */
export function rowsByIdQuery(
  table: Table,
  layout: RowLayout,
  { tenantId, month }: Home,
  ids: readonly string[],
  bytes: number,
): string {
  const idType = sqlIdType(table);
  const inMonth = month === undefined ? "" : ` and ${month.of} = ${quoteLiteral(month.value)}`;
  const row = `${table.sqlName} t on t.id = k.id and t.tenant_id = ${columnLiterals(table)("tenant_id", tenantId)}${inMonth}`;
  const rowBytes = `${textBytesExpression(table, "t")} + ${layout.related?.textBytes("t") ?? "0"}`;
  const sized = `select k.id, k.at, sum(${rowBytes}) over (order by k.at rows between unbounded preceding and 1 preceding) as bytes_before
    from unnest(array[${ids.map(quoteLiteral).join(",")}]::${idType}[]) with ordinality k(id, at) left join ${row}`;
  return `select t.created_at, k.id, ${layout.selectList} from (${sized}) k left join ${row} ${layout.joins}
    where k.bytes_before is null or k.bytes_before < ${bytes} order by k.at`;
}
