import { type Column, hasColumn, hasIndexOn, quoteIdentifier, type Table } from "../../stores/postgres/table.ts";

/** A row of another table that travels in the document of the row `t`, as the member `name` of `archive`. */
export interface RelatedMember {
  readonly name: "run" | "trigger" | "end_user" | "account";
  readonly alias: string;
  /** The first is never NULL where there is such a row. */
  readonly columns: readonly Column[];
  /** Follows the join of `t`. */
  readonly join: string;
}

/**
 * What the documents of a table carry of other tables' rows. Each is found by an index: no page may scan one of them.
 */
export interface RelatedRows {
  readonly members: readonly RelatedMember[];
  /** Expressions of text that is searched and not kept. */
  readonly searchTexts: readonly string[];
  /** Bytes of these texts for the row that an alias names; "0" where there are none. */
  readonly textBytes: (alias: string) => string;
}

export interface RelatedTables {
  readonly runs: Table | undefined;
  readonly triggers: Table | undefined;
  readonly endUsers: Table | undefined;
  readonly accounts: Table | undefined;
}

/** What Dify's list of app logs shows of the run. */
const runColumns = [
  "id",
  "version",
  "status",
  "triggered_from",
  "error",
  "elapsed_time",
  "total_tokens",
  "total_steps",
  "created_at",
  "finished_at",
  "exceptions_count",
];

interface Relation {
  readonly name: RelatedMember["name"];
  readonly alias: string;
  readonly table: Table;
  /** Its column, which has to have an index, and the column of `t` that says the same. */
  readonly key: string;
  readonly by: string;
  readonly columns: readonly string[];
  /** Values of created_by_role with which the id is one of this table. */
  readonly roles?: readonly string[];
}

/**
 * What the list of app logs filters by and shows: the run, what triggered it, and who. What the database lacks, or lets
 * no index find, is left out; so is what belongs to another tenant. Of the run's inputs and outputs the first
 * `searchChars` characters are searched.
 */
export function relatedToAppLogs(logs: Table, tables: RelatedTables, searchChars: number): RelatedRows {
  const { runs, triggers, endUsers, accounts } = tables;
  const relations = [
    relation(logs, { name: "run", alias: "r", table: runs, key: "id", by: "workflow_run_id", columns: runColumns }),
    relation(logs, {
      name: "trigger",
      alias: "g",
      table: triggers,
      key: "workflow_run_id",
      by: "workflow_run_id",
      columns: ["id", "trigger_metadata"],
    }),
    relation(logs, {
      name: "end_user",
      alias: "e",
      table: endUsers,
      key: "id",
      by: "created_by",
      columns: ["id", "session_id"],
      roles: ["end_user", "end-user"], // Dify reads both spellings
    }),
    relation(logs, {
      name: "account",
      alias: "a",
      table: accounts,
      key: "id",
      by: "created_by",
      columns: ["id", "email"],
      roles: ["account"],
    }),
  ].filter((found) => found !== undefined);
  const run = relations.find(({ name }) => name === "run");
  const searched = run === undefined || searchChars === 0 ? [] : textColumns(run.table, ["inputs", "outputs"]);
  return {
    members: relations.map((some) => ({
      name: some.name,
      alias: some.alias,
      columns: columnsOf(some.table, some.columns),
      join: join(some),
    })),
    searchTexts: searched.map((column) => `left(r.${column}, ${searchChars})`),
    textBytes: (alias) => {
      if (run === undefined || searched.length === 0) return "0";
      const sizes = searched.map((column) => `coalesce(least(octet_length(r.${column}), ${searchChars}), 0)`);
      return `coalesce((select ${sizes.join(" + ")} from ${run.table.sqlName} r where ${condition(run, alias)}), 0)`;
    },
  };
}

/** Undefined where the rows cannot be found by an index, or the columns do not fit together. */
function relation(
  logs: Table,
  { table, ...rest }: Omit<Relation, "table"> & { table: Table | undefined },
): Relation | undefined {
  if (table === undefined || !hasIndexOn(table, [rest.key])) return undefined;
  const needed = [rest.by, ...(rest.roles === undefined ? [] : ["created_by_role"])];
  const fits =
    needed.every((column) => hasColumn(logs, column)) &&
    typeOf(logs, rest.by) === typeOf(table, rest.key) &&
    (!hasColumn(table, "tenant_id") || typeOf(logs, "tenant_id") === typeOf(table, "tenant_id"));
  return fits ? { table, ...rest } : undefined;
}

/**
 * Nothing keeps a run from having two trigger logs: the first counts. Without `offset 0` the planner walks the whole
 * table in the order of its ids, for each row, until one of them is the run's.
 */
function join(some: Relation): string {
  const { alias, table, key } = some;
  if (key === "id") return `left join ${table.sqlName} ${alias} on ${condition(some, "t")}`;
  const those = `select * from ${table.sqlName} ${alias} where ${condition(some, "t")} offset 0`;
  const first = `select * from (${those}) ${alias} order by ${alias}.id limit 1`;
  return `left join lateral (${first}) ${alias} on true`;
}

function condition({ alias, table, key, by, roles }: Relation, row: string): string {
  const conditions = [`${alias}.${key} = ${row}.${by}`];
  if (hasColumn(table, "tenant_id")) conditions.push(`${alias}.tenant_id = ${row}.tenant_id`);
  if (roles !== undefined)
    conditions.push(`${row}.created_by_role in (${roles.map((role) => `'${role}'`).join(", ")})`);
  return conditions.join(" and ");
}

function typeOf(table: Table, column: string): string | undefined {
  return table.columns.find(({ name }) => name === column)?.type;
}

function columnsOf(table: Table, names: readonly string[]): Column[] {
  return names.flatMap((name) => table.columns.find((column) => column.name === name) ?? []);
}

function textColumns(table: Table, names: readonly string[]): string[] {
  return columnsOf(table, names)
    .filter(({ type }) => type === "text" || type === "varchar")
    .map(({ name }) => quoteIdentifier(name));
}
