import type { Pool } from "pg";
import { stateSchema } from "../../state/database.ts";

/** Something that the operator made to happen when rows of a log table are deleted. */
export interface DeleteTrigger {
  readonly name: string;
  /** Without the schema. */
  readonly table: string;
}

/** Triggers and rules on the deletes of these tables that are on, without those of capture. */
export async function findDeleteTriggers(pool: Pool, sqlNames: readonly string[]): Promise<DeleteTrigger[]> {
  const { rows } = await pool.query<DeleteTrigger>(
    `with own as (select c.oid, c.relname from pg_class c where c.oid = any($1::text[]::regclass[])),
          tree as (select oid, relname from own union select p.relid, own.relname from own, pg_partition_tree(own.oid) p)
     select g.tgname as name, tree.relname as table from tree join pg_trigger g on g.tgrelid = tree.oid
       join pg_proc p on p.oid = g.tgfoid join pg_namespace n on n.oid = p.pronamespace
      where not g.tgisinternal and g.tgparentid = 0 and g.tgenabled in ('O', 'A') and g.tgtype & ${onDelete} <> 0 and n.nspname <> $2
     union
     select w.rulename, tree.relname from tree join pg_rewrite w on w.ev_class = tree.oid
      where w.ev_type = '4' and w.ev_enabled in ('O', 'A')
      order by 2, 1`,
    [sqlNames, stateSchema],
  );
  return rows;
}

/** TRIGGER_TYPE_DELETE: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_trigger.h */
const onDelete = 8;
