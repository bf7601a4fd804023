import type { Pool } from "pg";

export interface FoundTable {
  readonly name: string;
  /** As PostgreSQL prints it, quoted where it has to be. */
  readonly schema: string;
}

/** Those of the tables that the search path finds, temporary ones of the session first, in the order of the names. */
export async function schemasOf(pool: Pool, names: readonly string[]): Promise<FoundTable[]> {
  const { rows } = await pool.query<FoundTable>(
    `select table_name as name, c.relnamespace::regnamespace::text as schema
       from unnest($1::text[]) table_name join pg_class c on c.oid = to_regclass(quote_ident(table_name)) order by 1`,
    [[...new Set(names)]],
  );
  return rows;
}
