import type { Pool } from "pg";
import { quoteIdentifier, quoteLiteral, type Table } from "../../../stores/postgres/table.ts";
import { type DataType, dataTypes, logTypes, offloadTable } from "../../partitions/log-types.ts";

/** SQL: whether something refers to the row of this alias. */
type Holds = (alias: string) => string;

/** A foreign key that the operator made to a log table. */
export interface ForeignKey {
  readonly oid: string;
  readonly name: string;
  /** The table that has it, qualified and quoted, and its columns. */
  readonly table: string;
  readonly columns: readonly string[];
  /** Without the schema. */
  readonly refersTo: string;
  readonly onDelete: "cascade" | "set null" | "set default" | "restrict" | "no action";
  readonly isIndexed: boolean;
  /** What keeps us from seeing all rows of the table. */
  readonly hidden: "schema" | "table" | "rows" | null;
  readonly role: string;
}

/** One that keeps rows of a data type. */
export interface HoldingKey {
  /** Tells it from all others. */
  readonly label: string;
  readonly holds: Holds;
}

/** All of them, those of log tables among themselves too, and for each data type those by which rows are held. */
export interface ForeignKeys {
  readonly all: readonly ForeignKey[];
  /** Also those that the rules of the purge cover. */
  readonly oids: readonly string[];
  /**
   * Tables of which the action of a key could delete or change rows, log tables too; names as those of inspectTable.
   */
  readonly acting: readonly string[];
  readonly byType: Readonly<Record<DataType, readonly HoldingKey[]>>;
}

/** The log tables, and the table of offload rows where the platform has one. */
export interface LogTables {
  readonly runs: Table;
  readonly nodes: Table;
  readonly logs: Table;
  readonly offloads: Table | undefined;
}

interface Found extends ForeignKey {
  readonly schema: string;
  readonly relation: string;
  readonly isOwn: boolean;
  readonly isSelf: boolean;
  readonly pairs: readonly (readonly [own: string, other: string])[];
  /** The partition of the log table that it refers to, where it is not the table itself. */
  readonly partition: string | null;
}

/** By what the platform's tables belong to each other: the order of the purge and its rules are made for these. */
const ordered: readonly (readonly [table: string, column: string, refersTo: string])[] = [
  [logTypes.node_executions.table, "workflow_run_id", logTypes.workflow_runs.table],
  [logTypes.app_logs.table, "workflow_run_id", logTypes.workflow_runs.table],
  [offloadTable, "node_execution_id", logTypes.node_executions.table],
];

/** Foreign keys to the log tables, as the catalogue has them: the platform's own schema has none. */
export async function findForeignKeys(pool: Pool, tables: LogTables): Promise<ForeignKeys> {
  const found = (await pool.query<Found>(`${keysTo(sqlNamesOf(tables))} order by r.oid, k.oid`)).rows;
  const counted = found.filter((key) => !isOrdered(key));
  const held = (table: string): HoldingKey[] =>
    counted.filter((key) => key.refersTo === table).map((key) => ({ label: labelOf(key), holds: holdsBy(key) }));
  const byType = Object.fromEntries(dataTypes.map((type) => [type, held(logTypes[type].table)])) as Record<
    DataType,
    HoldingKey[]
  >;
  if (tables.offloads !== undefined)
    byType.node_executions.push(...throughOffloads(tables.offloads, held(offloadTable)));
  const acting = found.filter(({ onDelete }) => actions.has(onDelete));
  return {
    all: counted,
    oids: found.map(({ oid }) => oid),
    acting: [
      ...new Set(acting.map(({ schema, relation }) => `${quoteIdentifier(schema)}.${quoteIdentifier(relation)}`)),
    ],
    byType,
  };
}

const actions: ReadonlySet<string> = new Set(["cascade", "set null", "set default"]);

export function labelOf({ name, table }: Pick<ForeignKey, "name" | "table">): string {
  return `${name} of ${table}`;
}

export function sqlNamesOf({ runs, nodes, logs, offloads }: LogTables): string[] {
  return [runs, nodes, logs, ...(offloads === undefined ? [] : [offloads])].map(({ sqlName }) => sqlName);
}

/** Constraints that a partition has from its table are not listed beside the table's own. */
const keysTo = (own: readonly string[]): string => `
  select k.oid::text as oid, k.conname as name, format('%I.%I', rn.nspname, r.relname) as table, rn.nspname as schema, r.relname as relation, o.relname as "refersTo",
         case k.confdeltype when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' when 'r' then 'restrict' else 'no action' end as "onDelete",
         k.conrelid = any(${ownOids(own)}) as "isOwn", k.conrelid = k.confrelid as "isSelf",
         case when k.confrelid <> o.oid then k.confrelid::text end as partition,
         current_user::text as role,
         case when not has_schema_privilege(rn.oid, 'usage') then 'schema' when not has_table_privilege(r.oid, 'select') then 'table'
              when row_security_active(r.oid) then 'rows' end as hidden,
         to_json(array(select a.attname from unnest(k.conkey) with ordinality c(num, at) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.num order by at)) as columns,
         (select json_agg(json_build_array(f.attname, t.attname) order by c.at) from unnest(k.conkey, k.confkey) with ordinality c(own, other, at)
            join pg_attribute f on f.attrelid = k.conrelid and f.attnum = c.own join pg_attribute t on t.attrelid = k.confrelid and t.attnum = c.other) as pairs,
         exists (select from pg_index i where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null and i.indkey[0] = any(k.conkey)) as "isIndexed"
    from pg_class o join pg_constraint k on k.contype = 'f' and k.conparentid = 0 and k.confrelid in (select o.oid union select relid from pg_partition_tree(o.oid))
    join pg_class r on r.oid = k.conrelid join pg_namespace rn on rn.oid = r.relnamespace
   where o.oid = any(${ownOids(own)})`;

function ownOids(own: readonly string[]): string {
  return `array[${own.map(quoteLiteral).join(", ")}]::regclass[]::oid[]`;
}

function isOrdered({ isOwn, relation, refersTo, pairs }: Found): boolean {
  const [pair] = pairs;
  if (!isOwn || pairs.length !== 1 || pair![1] !== "id") return false;
  return ordered.some(([from, column, to]) => relation === from && pair![0] === column && refersTo === to);
}

function holdsBy({ table, pairs, isSelf, partition }: Found): Holds {
  return (alias) => {
    const conditions = pairs.map(([from, to]) => `held.${quoteIdentifier(from)} = ${alias}.${quoteIdentifier(to)}`);
    if (isSelf) conditions.push(`held.id <> ${alias}.id`);
    if (partition !== null) conditions.push(`${alias}.tableoid = ${partition}`);
    return `exists (select from ${table} held where ${conditions.join(" and ")})`;
  };
}

/** A node execution goes together with its offload rows. */
function throughOffloads(offloads: Table, keys: readonly HoldingKey[]): HoldingKey[] {
  return keys.map(({ label, holds }) => ({
    label,
    holds: (alias) =>
      `exists (select from ${offloads.sqlName} of_node where of_node.node_execution_id = ${alias}.id and ${holds("of_node")})`,
  }));
}
