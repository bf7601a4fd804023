import type { Pool, PoolClient } from "pg";

/** A relation that may show this role less than there is. */
export interface HidingTable {
  /** Schema-qualified and quoted. */
  readonly name: string;
  readonly role: string;
  /**
   * `row_security`: a query of it fails, for our sessions do not let rows be filtered silently. The others show what
   * they show.
   */
  readonly why: "row_security" | "view" | "materialized_view" | "foreign_table";
}

/**
 * Of these tables, found by the search path, those that could hide rows from this role; one that is not there hides
 * nothing.
 */
export async function hidingTables(db: Pool | PoolClient, names: readonly string[]): Promise<HidingTable[]> {
  const { rows } = await db.query<HidingTable>(
    `select format('%I.%I', n.nspname, c.relname) as name, current_user::text as role,
            case when row_security_active(c.oid) then 'row_security' when c.relkind = 'v' then 'view'
                 when c.relkind = 'm' then 'materialized_view' else 'foreign_table' end as why
       from unnest($1::text[]) table_name join pg_class c on c.oid = to_regclass(quote_ident(table_name))
       join pg_namespace n on n.oid = c.relnamespace
      where row_security_active(c.oid) or c.relkind in ('v', 'm', 'f') order by 1`,
    [names],
  );
  return rows;
}

/**
 * The one thing that helps: with row_security off PostgreSQL refuses a table with any policy, even one that hides
 * nothing.
 */
export function bypassHint(role: string): string {
  return `ALTER ROLE "${role.replaceAll('"', '""')}" BYPASSRLS; as a superuser. A policy that lets this role see everything is not enough.`;
}
