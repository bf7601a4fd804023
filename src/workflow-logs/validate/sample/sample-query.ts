import { quoteLiteral } from "../../../stores/postgres/table.ts";

/** Bounds of the size classes: a stratum of few large rows is not lost among millions of small ones. */
const sizeBounds = [4 * 1024, 64 * 1024, 1024 * 1024];

const sizeClass = `width_bucket(bytes::bigint, array[${sizeBounds.join(", ")}]::bigint[])`;

/**
 * Rows of each tenant, month and size class; month is NULL for rows that cannot be archived. `keys` is a query of keys.
 */
export function strataQuery(keys: string): string {
  return `select tenant_id::text as "tenantId", month, ${sizeClass} as size, count(*) as rows from (${keys}) k group by 1, 2, 3`;
}

export interface Draw {
  readonly month: string;
  readonly size: number;
  /** Rows to draw of those that there are. */
  readonly take: number;
  readonly rows: number;
}

/**
 * Draws rows at random, so many from each stratum, in one scan: each row is let through with a probability that leaves
 * a few more than wanted, and of those the surplus is dropped at random.
 */
export function drawQuery(keys: string, draws: readonly Draw[]): string {
  const strata = draws.map(
    ({ month, size, take, rows }) => `(${quoteLiteral(month)}, ${size}, ${take}, ${letThrough(take, rows)}::float8)`,
  );
  // The roll is a column of the keys: a condition without one of theirs would be decided once for each stratum.
  return `select tenant_id::text as "tenantId", month, size, id::text as id
    from (select k.tenant_id, k.month, k.size, k.id, s.take, row_number() over (partition by k.month, k.size order by k.roll) as at
            from (select tenant_id, month, id, ${sizeClass} as size, random() as roll from (${keys}) k) k
            join (values ${strata.join(", ")}) s(month, size, take, share) on s.month = k.month and s.size = k.size
           where k.roll < s.share) drawn
   where at <= take`;
}

/** Five standard deviations above what is wanted: fewer than one draw in a million is short of a row. */
function letThrough(take: number, rows: number): number {
  return Math.min(1, (take + 5 * Math.sqrt(take) + 10) / rows);
}
