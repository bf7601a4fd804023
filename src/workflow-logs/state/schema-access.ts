import type { Pool } from "pg";
import { AppError } from "../../engine/errors.ts";
import { stateSchema } from "./database.ts";
import { schemaStanding } from "../../stores/postgres/schema-standing.ts";
import { quoteIdentifier } from "../../stores/postgres/table.ts";

export interface SchemaObstacle {
  readonly message: string;
  /** Statements, and who runs them. */
  readonly hint: string;
}

/** Why this role cannot keep our state in `log_archive`; undefined where it can. Needs no privilege itself. */
export async function schemaObstacle(pool: Pool): Promise<SchemaObstacle | undefined> {
  const { role, owner, mayUse, cannotMake } = await schemaStanding(pool, stateSchema);
  if (owner === null) return cannotMake;
  if (mayUse) return undefined;
  const [self, holder] = [quoteIdentifier(role), quoteIdentifier(owner)];
  const message = `The schema log_archive is ${owner === role ? `of ${role}, but holds tables of another role` : `${owner}'s, and ${role} may not keep the archive's state in it`}.`;
  if (owner === role)
    return {
      message,
      hint: `app db upgrade with the DATABASE_URL of that role, once it is a member: GRANT ${self} TO it;`,
    };
  if (await ownsLogTables(pool))
    return { message, hint: `GRANT ${holder} TO ${self}; (by a superuser, or by ${owner} with its admin option)` };
  return {
    message,
    hint: `GRANT ${self} TO ${holder}; ALTER SCHEMA log_archive OWNER TO ${self}; (by a superuser), then app db upgrade with the DATABASE_URL of ${owner}, which hands its tables over. Or, to work as that role: GRANT ${holder} TO ${self};`,
  };
}

async function ownsLogTables(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ owns: boolean }>(
    "select exists (select from pg_class where oid = to_regclass('workflow_runs') and pg_has_role(relowner, 'usage')) as owns",
  );
  return rows[0]!.owns;
}

export async function requireSchemaAccess(pool: Pool): Promise<void> {
  const obstacle = await schemaObstacle(pool);
  if (obstacle === undefined) return;
  throw new AppError("state_denied", `${obstacle.message} Nothing was changed.`, { hint: obstacle.hint });
}

/**
 * Afterwards what this role made in `log_archive` belongs to the owner of the schema, where this role is a member of
 * it: capture is installed by the owner of the log tables, and all else runs as another role.
 */
export const handOverStatement = `do $$
declare
  owner name := (select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'log_archive');
  own oid := (select oid from pg_roles where rolname = current_user);
  one record;
begin
  if owner is null or owner = current_user or not pg_has_role(owner, 'member') then return; end if;
  for one in
    select format('alter table %s owner to %I', c.oid::regclass, owner) as statement from pg_class c
     where c.relnamespace = 'log_archive'::regnamespace and c.relkind in ('r', 'p') and c.relowner = own
    union all
    select format('alter sequence %s owner to %I', c.oid::regclass, owner) from pg_class c
     where c.relnamespace = 'log_archive'::regnamespace and c.relkind = 'S' and c.relowner = own
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i'))
    union all
    select format('alter view %s owner to %I', c.oid::regclass, owner) from pg_class c
     where c.relnamespace = 'log_archive'::regnamespace and c.relkind = 'v' and c.relowner = own
    union all
    select format('alter routine %s owner to %I', p.oid::regprocedure, owner) from pg_proc p
     where p.pronamespace = 'log_archive'::regnamespace and p.proowner = own
  loop
    execute one.statement;
  end loop;
end $$`;
