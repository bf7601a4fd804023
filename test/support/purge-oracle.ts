import { placeName } from "./layout.ts";
import type { Client } from "pg";
import { archivedDocuments } from "./archived-documents.ts";
import { compareDocument } from "./compare-document.ts";
import type { Stores } from "./compare-stores.ts";
import { allIds, type ArchivedTable, archivedTables, columnsOf, readRows, type SourceRow } from "./source-rows.ts";

/** Rows of the log tables by table and id, as they were at some time. */
export type Rows = Map<string, Map<string, SourceRow>>;

export async function readAllRows(sql: Client): Promise<Rows> {
  const rows: Rows = new Map();
  for (const table of archivedTables) {
    const columns = await columnsOf(sql, table.table);
    rows.set(table.table, await readRows(sql, table, columns, await allIds(sql, table.table), "UTC"));
  }
  return rows;
}

/**
 * Compares rows as they were before with both stores now: "gone" are those that are not in PostgreSQL any more, and
 * `problems` names each of them that Elasticsearch does not hold exactly, and each that stayed and changed. Reads the
 * stores without a line of the program under test.
 */
export async function afterPurge(
  sql: Client,
  stores: Stores,
  before: Rows,
): Promise<{ gone: Map<string, Set<string>>; problems: string[] }> {
  const now = await readAllRows(sql);
  const problems: string[] = [];
  const gone = new Map<string, Set<string>>();
  for (const { table } of archivedTables) {
    const [was, is] = [before.get(table)!, now.get(table)!];
    gone.set(table, new Set([...was.keys()].filter((id) => !is.has(id))));
    for (const [id, row] of is) {
      const earlier = was.get(id);
      if (earlier !== undefined && JSON.stringify(earlier) !== JSON.stringify(row))
        problems.push(`${table} ${id} changed`);
    }
  }
  const found = new Map<string, Set<string>>(archivedTables.map(({ table }) => [table, new Set()]));
  for await (const page of archivedDocuments(stores.elasticsearchUrl, stores.prefix)) {
    for (const { index, id, source } of page) {
      const table = tableOf(stores.prefix, index)!;
      if (!gone.get(table.table)!.has(id)) continue;
      const row = before.get(table.table)!.get(id)!;
      found.get(table.table)!.add(id);
      if (index !== placeName(stores.prefix, table.resource, row.tenantId, row.month!))
        problems.push(`${id} in ${index}`);
      for (const { column } of compareDocument(row, await columnsOnce(sql, table), source))
        problems.push(`${table.table} ${id} ${column}`);
    }
  }
  for (const { table } of archivedTables) {
    for (const id of gone.get(table)!)
      if (!found.get(table)!.has(id)) problems.push(`${table} ${id} is in neither store`);
  }
  return { gone, problems };
}

const columnsCache = new WeakMap<Client, Map<string, Awaited<ReturnType<typeof columnsOf>>>>();

async function columnsOnce(sql: Client, { table }: ArchivedTable): Promise<Awaited<ReturnType<typeof columnsOf>>> {
  const known = columnsCache.get(sql) ?? new Map<string, Awaited<ReturnType<typeof columnsOf>>>();
  columnsCache.set(sql, known);
  const columns = known.get(table) ?? (await columnsOf(sql, table));
  known.set(table, columns);
  return columns;
}

function tableOf(prefix: string, index: string): ArchivedTable | undefined {
  return archivedTables.find(({ resource }) => index.startsWith(`${prefix}-${resource}-`));
}
