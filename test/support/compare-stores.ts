import { Client } from "pg";
import { archivedDocuments, type ArchivedDocument } from "./archived-documents.ts";
import { placeName } from "./layout.ts";
import { compareDocument } from "./compare-document.ts";
import {
  allIds,
  type ArchivedTable,
  archivedTables,
  columnsOf,
  printExactly,
  readRows,
  type SourceColumn,
} from "./source-rows.ts";

export interface Difference {
  table: string;
  id: string;
  /** The column, or where a row or document is or should be. */
  at: string;
  expected: string;
  found: string;
}

export interface Comparison {
  /** Empty when every row is in Elasticsearch exactly or a record error, and nothing else is there. */
  differences: Difference[];
  documents: number;
  recordErrors: number;
}

export interface Stores {
  databaseUrl: string;
  elasticsearchUrl: string;
  prefix: string;
}

/**
 * Compares all rows of the log tables with all documents of the prefix's indices, column by column, without a line of
 * the program under test. A document belongs to a row when it has its id and lies in an index of its table.
 */
export async function compareStores(stores: Stores, timeZone = "UTC"): Promise<Comparison> {
  const client = new Client({ connectionString: stores.databaseUrl });
  await client.connect();
  try {
    await printExactly(client);
    const comparison: Comparison = { differences: [], documents: 0, recordErrors: 0 };
    const archived = await compareDocuments(client, stores, timeZone, comparison);
    for (const table of archivedTables) await compareRest(client, table, archived.get(table)!, comparison);
    return comparison;
  } finally {
    await client.end();
  }
}

/** What can be the id of a row; anything else belongs to none. */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type IndicesOfId = Map<string, string[]>;

async function compareDocuments(
  client: Client,
  { elasticsearchUrl, prefix }: Stores,
  timeZone: string,
  comparison: Comparison,
): Promise<Map<ArchivedTable, IndicesOfId>> {
  const columns = new Map<ArchivedTable, SourceColumn[]>();
  for (const table of archivedTables) columns.set(table, await columnsOf(client, table.table));
  const archived = new Map<ArchivedTable, IndicesOfId>(archivedTables.map((table) => [table, new Map()]));
  for await (const page of archivedDocuments(elasticsearchUrl, prefix)) {
    comparison.documents += page.length;
    for (const [table, documents] of Map.groupBy(page, (document) => tableOf(prefix, document))) {
      if (table === undefined) {
        for (const { index, id } of documents)
          comparison.differences.push({
            table: "?",
            id,
            at: "index",
            expected: "an index of a data type",
            found: index,
          });
        continue;
      }
      const ids = documents.map((document) => document.id).filter((id) => uuid.test(id));
      const rows = await readRows(client, table, columns.get(table)!, ids, timeZone);
      for (const { index, id, source } of documents) {
        const note = (at: string, expected: string, found: string): void =>
          void comparison.differences.push({ table: table.table, id, at, expected, found });
        const row = rows.get(id);
        if (row === undefined) {
          note("row", "a row", `only a document in ${index}`);
          continue;
        }
        const indices = archived.get(table)!;
        indices.set(id, [...(indices.get(id) ?? []), index]);
        const expectedIndex = row.month === null ? "none" : placeName(prefix, table.resource, row.tenantId, row.month);
        if (index !== expectedIndex) note("index", expectedIndex, index);
        for (const { column, expected, found } of compareDocument(row, columns.get(table)!, source))
          note(column, expected, found);
      }
    }
  }
  return archived;
}

function tableOf(prefix: string, { index }: ArchivedDocument): ArchivedTable | undefined {
  return archivedTables.find(({ resource }) => index.startsWith(`${prefix}-${resource}-`));
}

/** Each row is in one index, or in none and a record error with a reason. */
async function compareRest(
  client: Client,
  { table, dataType }: ArchivedTable,
  archived: IndicesOfId,
  comparison: Comparison,
): Promise<void> {
  const refused = await recordErrors(client, dataType);
  comparison.recordErrors += refused.size;
  const note = (id: string, at: string, expected: string, found: string): void =>
    void comparison.differences.push({ table, id, at, expected, found });
  for (const id of await allIds(client, table)) {
    const indices = archived.get(id) ?? [];
    const reason = refused.get(id);
    refused.delete(id);
    if (indices.length > 1) note(id, "index", "one index", indices.join(", "));
    if (indices.length > 0 && reason !== undefined) note(id, "record error", "none, for it is archived", reason);
    if (indices.length === 0 && reason === undefined) note(id, "document", "a document or a record error", "nothing");
    if (reason === "") note(id, "record error", "a type and a reason", "none");
  }
  for (const [id, reason] of refused) note(id, "record error", "a row", `only a record error: ${reason}`);
}

async function recordErrors(client: Client, dataType: string): Promise<Map<string, string>> {
  const { rows: found } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('log_archive.record_errors') IS NOT NULL AS there",
  );
  if (found[0]?.there !== true) return new Map();
  const { rows } = await client.query<{ id: string; type: string; reason: string }>(
    "SELECT record_id AS id, type, reason FROM log_archive.record_errors WHERE data_type = $1",
    [dataType],
  );
  return new Map(rows.map(({ id, type, reason }) => [id, type === "" || reason === "" ? "" : `${type}: ${reason}`]));
}
