import type { ClientBase, Pool } from "pg";

/**
 * How many connections this role may have open at once with the limits of the role, the database and the server, less
 * those that are open now beside our `own`; undefined for a superuser, whom they do not concern.
 */
export async function freeConnections(db: Pool | ClientBase, own: number): Promise<number | undefined> {
  const { rows } = await db.query<{ free: number }>(
    `select least(
        case when r.rolconnlimit >= 0 then r.rolconnlimit - (select count(*) from pg_stat_activity a where a.usesysid = r.oid) end,
        case when d.datconnlimit >= 0 then d.datconnlimit - (select count(*) from pg_stat_activity a where a.datid = d.oid) end,
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
          - (select count(*) from pg_stat_activity a where a.backend_type = 'client backend')
      )::int as free
      from pg_roles r, pg_database d where r.rolname = session_user and d.datname = current_database() and not r.rolsuper`,
  );
  return rows[0] && rows[0].free + own;
}
