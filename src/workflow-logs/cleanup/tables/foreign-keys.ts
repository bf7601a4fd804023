import type { Pool } from "pg";
import { quoteIdentifier, type Table } from "../../../stores/postgres/table.ts";
import { type DataType, logTypes, offloadTable } from "../../partitions/log-types.ts";

/** SQL: whether something refers to the row of this alias. */
type Holds = (alias: string) => string;

/** For each log table, the foreign keys of other tables that rows of it are held by. */
export type ForeignKeys = Readonly<Record<DataType, readonly { readonly name: string; readonly holds: Holds }[]>>;

/** The log tables, and the table of offload rows where the platform has one. */
export interface LogTables {
  readonly runs: Table;
  readonly nodes: Table;
  readonly logs: Table;
  readonly offloads: Table | undefined;
}

/**
 * Foreign keys that the operator made to the log tables, as the catalogue has them: the platform's own schema has none.
 * Those of log tables among themselves do not count, for the order of the purge and its rules are theirs. Rows that one
 * holds could not be deleted.
 */
export async function findForeignKeys(pool: Pool, { runs, nodes, logs, offloads }: LogTables): Promise<ForeignKeys> {
  const own = [runs, nodes, logs, ...(offloads === undefined ? [] : [offloads])].map(({ sqlName }) => sqlName);
  const { rows } = await pool.query<{ name: string; table: string; referencing: string; pairs: [string, string][] }>(
    `select conname || ' of ' || conrelid::regclass as name, c.relname as table, format('%I.%I', n.nspname, r.relname) as referencing,
            (select json_agg(json_build_array(f.attname, t.attname) order by k.at) from unnest(conkey, confkey) with ordinality k(own, other, at)
               join pg_attribute f on f.attrelid = conrelid and f.attnum = k.own join pg_attribute t on t.attrelid = confrelid and t.attnum = k.other) as pairs
       from pg_constraint join pg_class c on c.oid = confrelid join pg_class r on r.oid = conrelid join pg_namespace n on n.oid = r.relnamespace
      where contype = 'f' and confrelid = any($1::text[]::regclass[]) and conrelid <> all($1::text[]::regclass[])`,
    [own],
  );
  const held = (table: string): { name: string; holds: Holds }[] =>
    rows
      .filter((row) => row.table === table)
      .map(({ name, referencing, pairs }) => ({
        name,
        holds: (alias) =>
          `exists (select from ${referencing} held where ${pairs.map(([from, to]) => `held.${quoteIdentifier(from)} = ${alias}.${quoteIdentifier(to)}`).join(" and ")})`,
      }));
  const ofOffloads = offloads === undefined ? [] : throughOffloads(offloads, held(offloadTable));
  return {
    workflow_runs: held(logTypes.workflow_runs.table),
    app_logs: held(logTypes.app_logs.table),
    node_executions: [...held(logTypes.node_executions.table), ...ofOffloads],
  };
}

/** A node execution goes together with its offload rows. */
function throughOffloads(offloads: Table, keys: readonly { name: string; holds: Holds }[]) {
  return keys.map(({ name, holds }) => ({
    name,
    holds: (alias: string) =>
      `exists (select from ${offloads.sqlName} of_node where of_node.node_execution_id = ${alias}.id and ${holds("of_node")})`,
  }));
}
