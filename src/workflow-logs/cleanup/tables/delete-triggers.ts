import type { Pool } from "pg";
import { quoteLiteral } from "../../../stores/postgres/table.ts";
import { stateSchema } from "../../state/database.ts";

/** Something that the operator made to happen when rows of a log table are deleted. */
export interface DeleteTrigger {
  readonly name: string;
  /** Without the schema. */
  readonly table: string;
}

/** With what the catalogue knows it by. */
export interface KnownTrigger extends DeleteTrigger {
  readonly oid: string;
  /** A rule that does something else than to delete. */
  readonly isInstead: boolean;
}

/** Triggers and rules on the deletes of these tables that are on, without those of capture. */
export async function findDeleteTriggers(pool: Pool, sqlNames: readonly string[]): Promise<KnownTrigger[]> {
  const { rows } = await pool.query<KnownTrigger>(`${deleteTriggersOn(sqlNames)} order by "table", name`);
  return rows;
}

/** SQL: oid, name, table and isInstead of each. Those that a partition has from its table are the table's own. */
export function deleteTriggersOn(sqlNames: readonly string[]): string {
  return `
    with own as (select c.oid, c.relname from pg_class c where c.oid = any(array[${sqlNames.map(quoteLiteral).join(", ")}]::text[]::regclass[])),
         tree as (select oid, relname from own union select p.relid, own.relname from own, pg_partition_tree(own.oid) p)
    select g.oid::text as oid, g.tgname as name, tree.relname as table, false as "isInstead" from tree join pg_trigger g on g.tgrelid = tree.oid
      join pg_proc p on p.oid = g.tgfoid join pg_namespace n on n.oid = p.pronamespace
     where not g.tgisinternal and g.tgparentid = 0 and g.tgenabled in ('O', 'A') and g.tgtype & ${onDelete} <> 0
       and n.nspname <> ${quoteLiteral(stateSchema)}
    union
    select w.oid::text, w.rulename, tree.relname, w.is_instead from tree join pg_rewrite w on w.ev_class = tree.oid
     where w.ev_type = '4' and w.ev_enabled in ('O', 'A')`;
}

/** TRIGGER_TYPE_DELETE: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_trigger.h */
const onDelete = 8;
