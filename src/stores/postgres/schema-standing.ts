import type { Pool } from "pg";
import { quoteIdentifier } from "./table.ts";

/** Where this role stands with a schema of ours. */
export interface SchemaStanding {
  readonly role: string;
  /** Null where there is no such schema. */
  readonly owner: string | null;
  /** The role works with all of the schema's tables as their owner. */
  readonly mayUse: boolean;
  /** Why the schema, which is missing, cannot be made by this role; undefined where it is there, or can. */
  readonly cannotMake: { readonly message: string; readonly hint: string } | undefined;
}

/** Needs no privilege itself. */
export async function schemaStanding(pool: Pool, schema: string): Promise<SchemaStanding> {
  const { rows } = await pool.query<{
    role: string;
    database: string;
    owner: string | null;
    mayMake: boolean;
    mayUse: boolean;
  }>(
    `select current_user as role, current_database() as database, pg_get_userbyid(n.nspowner) as owner,
        has_database_privilege(current_database(), 'create') as "mayMake",
        coalesce(has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create')
          and not exists (select from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p') and not pg_has_role(c.relowner, 'usage')), true) as "mayUse"
       from (select) one left join pg_namespace n on n.nspname = $1`,
    [schema],
  );
  const { role, database, owner, mayMake, mayUse } = rows[0]!;
  const self = quoteIdentifier(role);
  const cannotMake = {
    message: `${role} may not make the schema ${schema}.`,
    hint: `CREATE SCHEMA ${schema} AUTHORIZATION ${self}; (by a superuser), or GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${self};`,
  };
  return { role, owner, mayUse, cannotMake: owner === null && !mayMake ? cannotMake : undefined };
}
