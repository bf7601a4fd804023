import type { PoolClient } from "pg";
import { copyChunks } from "../../stores/postgres/copy/copy-in.ts";
import type { InsertColumn } from "../../stores/postgres/insert-columns.ts";
import { quoteIdentifier, quoteLiteral, sqlIdType, type Table } from "../../stores/postgres/table.ts";
import type { ArchivedRow, OffloadRow } from "./documents/archived-row.ts";
import { groupByColumns } from "./columns/group-by-columns.ts";
import { insertRows } from "./insert-rows.ts";
import type { Outcome } from "./row-fates.ts";
import { InexactRows } from "./refused-rows.ts";

export interface OffloadTable {
  readonly table: Table;
  readonly columns: readonly InsertColumn[];
}

/**
 * Settles the offload rows that travelled with these node executions. Those of `unchanged` nodes, which are in
 * PostgreSQL as in their document, are inserted where they are missing, unless this is a dry run; those of the others
 * are only looked at. One that is missing of a `noted` node was deleted by the platform: it stays away. Returns the
 * nodes of which some were inserted.
 * @throws InexactRows naming node executions of which an inserted offload row came out different
 */
export async function restoreOffloads(
  client: PoolClient,
  { table, columns }: OffloadTable,
  nodes: {
    readonly unchanged: readonly ArchivedRow[];
    readonly changed: readonly ArchivedRow[];
    readonly noted: ReadonlySet<string>;
    readonly dryRun: boolean;
  },
  outcome: Outcome,
): Promise<Set<string>> {
  const unchanged = nodes.unchanged.flatMap(({ offloads }) => offloads);
  const all = [...unchanged, ...nodes.changed.flatMap(({ offloads }) => offloads)];
  if (all.length === 0) return new Set();
  const isNoted = (row: OffloadRow): boolean => nodes.noted.has(nodeOf(row));
  const groups = groupByColumns(
    unchanged.filter((row) => !isNoted(row)),
    columns,
    (row) => row.columns,
  );
  const inserted = nodes.dryRun
    ? new Set<string>()
    : await insertRows(
        client,
        table,
        groups.map((group) => ({
          columns: group.columns,
          chunks: copyChunks(group.rows.map((row) => group.columns.map(({ name }) => row.columns.get(name)!))),
        })),
      );
  const there = await readOffloads(client, table, all);
  const inexact = new Map<string, readonly string[]>();
  const mayInsert = new Set(unchanged);
  for (const row of all) {
    const differing = differingColumns(row, there.get(row.id));
    if (differing === undefined) {
      if (isNoted(row)) outcome.add(table.name, "deleted");
      else if (!mayInsert.has(row))
        outcome.refuse(table.name, row.id, "its node execution is another than in the document");
      else if (nodes.dryRun) outcome.add(table.name, "restored");
      else outcome.refuse(table.name, row.id, "another row has one of its unique keys");
    } else if (inserted.has(row.id)) {
      if (differing.length > 0) inexact.set(nodeOf(row), ["archive.offloads"]);
      outcome.add(table.name, "restored");
    } else if (differing.length > 0) outcome.differs(table.name, row.id, differing);
    else outcome.add(table.name, "present");
  }
  if (inexact.size > 0) throw new InexactRows(inexact);
  return new Set(all.filter(({ id }) => inserted.has(id)).map(nodeOf));
}

function nodeOf({ columns }: OffloadRow): string {
  return columns.get("node_execution_id")!;
}

type Texts = Readonly<Record<string, string | null>>;

async function readOffloads(
  client: PoolClient,
  table: Table,
  rows: readonly OffloadRow[],
): Promise<Map<string, Texts>> {
  const members = table.columns.map(({ name }) => `${quoteLiteral(name)}, o.${quoteIdentifier(name)}::text`);
  const idType = sqlIdType(table);
  const found = await client.query<{ id: string; texts: Texts }>(
    `select o.id::text as id, json_build_object(${members.join(", ")}) as texts from ${table.sqlName} o where o.id = any($1::${idType}[])`,
    [rows.map(({ id }) => id)],
  );
  return new Map(found.rows.map(({ id, texts }) => [id, texts]));
}

/** Columns that the table and the document have and whose text differs; undefined when there is no such row. */
function differingColumns(row: OffloadRow, texts: Texts | undefined): string[] | undefined {
  if (texts === undefined) return undefined;
  return [...row.columns].filter(([name, text]) => name in texts && texts[name] !== text).map(([name]) => name);
}
