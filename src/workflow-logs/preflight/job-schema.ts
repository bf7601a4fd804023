import type { Pool } from "pg";
import { jobSchema } from "../../stores/postgres/jobs/open-boss.ts";
import { quoteIdentifier } from "../../stores/postgres/table.ts";
import type { SchemaObstacle } from "../state/schema-access.ts";

/**
 * Why this role cannot keep schedules and jobs; undefined where it can. Who makes and upgrades the tables has to own
 * them. Needs no privilege itself.
 */
export async function jobSchemaObstacle(pool: Pool): Promise<SchemaObstacle | undefined> {
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
    [jobSchema],
  );
  const { role, database, owner, mayMake, mayUse } = rows[0]!;
  const self = quoteIdentifier(role);
  if (owner === null) {
    if (mayMake) return undefined;
    return {
      message: `${role} may not make the schema ${jobSchema}.`,
      hint: `CREATE SCHEMA ${jobSchema} AUTHORIZATION ${self}; (by a superuser), or GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${self};`,
    };
  }
  if (mayUse) return undefined;
  return {
    message: `The schema ${jobSchema} or its tables are another role's, and ${role} may not keep schedules and jobs there.`,
    hint: `GRANT ${quoteIdentifier(owner)} TO ${self}; to work as that role, or REASSIGN OWNED BY that role.`,
  };
}
