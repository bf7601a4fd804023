import { quoteIdentifier, quoteLiteral, type Table } from "../../stores/postgres/table.ts";
import type { ConfirmedRange } from "../../stores/postgres/state/checkpoints.ts";
import type { RowLayout } from "../documents/row-layout.ts";

/** A place in the order (created_at, id). `createdAt` is text with microseconds, in the source's own time. */
export interface Cursor {
  readonly createdAt: string;
  readonly id: string;
}

/** A table of (tenant_id, created_at, id): the logs themselves where an index serves that order, else their key table. */
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
  readonly limit: number;
}

/**
 * The next `limit` rows behind a cursor, in order. From a key table, one tuple for each key: a row that is gone, or whose created_at has changed
 * since the key was listed, gives NULLs. So fewer tuples than `limit` always means the end.
 */
export function pageQuery(table: Table, layout: RowLayout, listing: Listing, range: PageRange): string {
  const literal = columnLiterals(table);
  const tenant = literal("tenant_id", range.tenantId);
  const conditions = [
    `k.tenant_id = ${tenant}`,
    `k.created_at >= ${literal("created_at", range.from)}`,
    `k.created_at < ${literal("created_at", range.to)}`,
  ];
  if (range.after !== undefined) {
    conditions.push(
      `(k.created_at, k.id) > (${literal("created_at", range.after.createdAt)}, ${literal("id", range.after.id)})`,
    );
  }
  const rest = `where ${conditions.join(" and ")} order by k.created_at, k.id limit ${range.limit}`;
  if (!listing.isKeyTable) {
    return `select k.created_at, k.id, ${layout.selectList} from ${table.sqlName} t, lateral (select t.tenant_id, t.created_at, t.id) k ${rest}`;
  }
  return `select k.created_at, k.id, ${layout.selectList} from (select k.created_at, k.id from ${listing.sqlName} k ${rest}) k
    left join ${table.sqlName} t on t.id = k.id and t.created_at = k.created_at and t.tenant_id = ${tenant}
    order by k.created_at, k.id`;
}

/** Ids of rows listed within `overlap` (an interval) before the end of a confirmed range: among them are those inserted late. */
export function lateIdsQuery(
  table: Table,
  listing: Listing,
  tenantId: string,
  range: ConfirmedRange,
  overlap: string,
): string {
  const literal = columnLiterals(table);
  const end = literal("created_at", range.createdAt);
  return `select k.id::text as id from ${listing.sqlName} k
    where k.tenant_id = ${literal("tenant_id", tenantId)}
      and k.created_at >= greatest(${literal("created_at", range.start)}, ${end} - interval ${quoteLiteral(overlap)})
      and (k.created_at, k.id) <= (${end}, ${literal("id", range.id)})`;
}

function columnLiterals(table: Table): (column: string, value: string) => string {
  return (column, value) =>
    `${quoteLiteral(value)}::${quoteIdentifier(table.columns.find(({ name }) => name === column)!.type)}`;
}

/** The rows with these ids of one tenant, in their order; NULLs for those that are gone. */
export function rowsByIdQuery(table: Table, layout: RowLayout, tenantId: string, ids: readonly string[]): string {
  const idType = quoteIdentifier(table.columns.find((column) => column.name === "id")!.type);
  return `select t.created_at, k.id, ${layout.selectList} from unnest(array[${ids.map(quoteLiteral).join(",")}]::${idType}[]) with ordinality k(id, at)
    left join ${table.sqlName} t on t.id = k.id and t.tenant_id = ${columnLiterals(table)("tenant_id", tenantId)} order by k.at`;
}
