import type { Pool } from "pg";
import { withSettings } from "../../../stores/postgres/connection/with-settings.ts";
import { quoteLiteral, rangeIndexesOn } from "../../../stores/postgres/table.ts";
import { onlyNewSettings } from "../../partitions/plan-query.ts";
import { overlapWindow } from "../../partitions/overlap-window.ts";
import { type SourceTable, zoneOf } from "../../partitions/source-schema.ts";
import type { ListedSince } from "../../state/partitions/listed-scopes.ts";

/** What an index on created_at says. */
export interface LookByIndex extends ListedSince {
  /**
   * Rows that come from now on are younger than this, but for those that a transaction of more than the overlap window
   * commits.
   */
  readonly since: string;
  /** A checkpoint lies in the future: what comes before it would not be listed. */
  readonly hasCheckpointAhead: boolean;
  /** What is older than `since` of the last run, as it put it down; undefined where the index cannot tell. */
  readonly olderThanBefore: string | undefined;
}

/**
 * Undefined where no index begins with created_at. A B-tree is read from end to end, but not the table, to see whether
 * old rows came, moved or went; a BRIN index cannot tell.
 */
export async function lookByIndex(
  pool: Pool,
  source: SourceTable,
  sourceTimeZone: string,
  before: ListedSince | undefined,
): Promise<LookByIndex | undefined> {
  const { table } = source;
  if (table.columns.find(({ name }) => name === "created_at")?.notNull !== true) return undefined;
  const methods = rangeIndexesOn(table, "created_at");
  if (methods.length === 0) return undefined;
  const { at: now, hasCheckpointAhead } = await horizon(pool, source, sourceTimeZone);
  if (!methods.includes("btree")) return { since: now, older: null, olderThanBefore: undefined, hasCheckpointAhead };
  const client = await pool.connect();
  try {
    return await withSettings(client, onlyNewSettings, async () => {
      const newest = await client.query<{ at: string | null }>(
        `select to_char(max(created_at) - interval '${overlapWindow}', 'YYYY-MM-DD HH24:MI:SS.US') as at
           from ${table.sqlName} where created_at < ${quoteLiteral(now)}`,
      );
      const at = newest.rows[0]!.at;
      const since = at !== null && at < now ? at : now;
      const bound = before?.since ?? since;
      const found = await client.query<{ older: string; before: string }>(
        `select ${olderThan(since)} as older, ${olderThan(bound)} as before from ${table.sqlName}
          where created_at < greatest(${quoteLiteral(since)}, ${quoteLiteral(bound)}::timestamp)`,
      );
      return { since, older: found.rows[0]!.older, olderThanBefore: found.rows[0]!.before, hasCheckpointAhead };
    });
  } finally {
    client.release();
  }
}

/** How many rows are older than an instant, and a sum over their created_at. */
function olderThan(instant: string): string {
  const filter = `filter (where created_at < ${quoteLiteral(instant)})`;
  return `count(*) ${filter} || ' ' || coalesce(sum(timestamp_hash_extended(created_at::timestamp, 0)) ${filter}, 0)`;
}

/** In the source's time: the overlap window before now, or before the oldest transaction under way that can be seen. */
async function horizon(
  pool: Pool,
  source: SourceTable,
  sourceTimeZone: string,
): Promise<{ at: string; hasCheckpointAhead: boolean }> {
  const { rows } = await pool.query<{ at: string; hasCheckpointAhead: boolean }>(
    `select to_char((least(clock_timestamp(),
        (select min(xact_start) from pg_stat_activity where datname = current_database()),
        (select min(prepared) from pg_prepared_xacts where database = current_database())) - interval '${overlapWindow}') at time zone $1,
        'YYYY-MM-DD HH24:MI:SS.US') as at,
        exists (select from log_archive.checkpoints where data_type = $2 and created_at > clock_timestamp() at time zone $1) as "hasCheckpointAhead"`,
    [zoneOf(source, sourceTimeZone), source.logType.dataType],
  );
  return rows[0]!;
}
