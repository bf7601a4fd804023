import type { Pool } from "pg";

export interface ReplicationLag {
  /** How far the slowest standby is behind; 0 without standbys. */
  readonly seconds: number;
  /** Standbys whose lag this role may not see. */
  readonly hidden: number;
}

/** A standby that has so much left to replay is behind, though it has not said for how long. */
const bytesBehind = 64 * 1024 * 1024;

/** Of streaming standbys, as pg_stat_replication shows them; base backups under way are none. */
export async function replicationLag(pool: Pool): Promise<ReplicationLag> {
  const result = await pool.query<{ seconds: string | null; hidden: number }>(
    `select (count(*) filter (where state is null))::int as hidden,
            max(case when replay_lag is not null then extract(epoch from replay_lag)
                     when replay_lsn is null or pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) > ${bytesBehind} then 'infinity'::float8
                     else 0 end)::text as seconds
       from pg_stat_replication where state is distinct from 'backup'`,
  );
  const { seconds, hidden } = result.rows[0]!;
  return { seconds: Number(seconds ?? 0), hidden };
}
