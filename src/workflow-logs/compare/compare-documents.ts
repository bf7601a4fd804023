import type { BulkBody } from "../../stores/elasticsearch/bulk/bulk-body.ts";
import { stableParts } from "./stable-document.ts";

// src/workflow-logs/compare tells whether a document says what its row says. It compares what was read back, never
// what was sent.

/** Rows as documents: a batch's body, or a part of it. */
export interface RenderedRows {
  readonly body: Pick<BulkBody, "records" | "id" | "document">;
}

export interface Difference {
  readonly id: string;
  readonly kind: "missing" | "different";
  /** Columns whose value in Elasticsearch is not that of the row. */
  readonly columns: readonly string[];
}

/**
 * Compares the rows of a batch with what Elasticsearch has, byte for byte. `sources` holds the `_source` of each id
 * that has a document. Search text and the time of copying are no part of a row: the rows are best rendered without
 * search text.
 */
export function compareDocuments({ body }: RenderedRows, sources: ReadonlyMap<string, Buffer>): Difference[] {
  const differences: Difference[] = [];
  for (let at = 0; at < body.records; at++) {
    const id = body.id(at);
    const source = sources.get(id);
    if (source === undefined) {
      differences.push({ id, kind: "missing", columns: [] });
      continue;
    }
    const document = body.document(at);
    if (isSame(document, source)) continue;
    const columns = differingColumns(document, source);
    if (columns.length > 0) differences.push({ id, kind: "different", columns });
  }
  return differences;
}

/** Whether two documents are the same byte for byte but for search text and the time of copying. */
function isSame(expected: Buffer, found: Buffer): boolean {
  const [head, rest] = stableParts(expected);
  const [foundHead, foundRest] = stableParts(found);
  return head.equals(foundHead) && rest.equals(foundRest);
}

/** Columns, and offloads for the rows that travel inside the document, of which the two differ. */
function differingColumns(expected: Buffer, found: Buffer): string[] {
  const [row, document] = [comparable(expected), comparable(found)];
  const columns = new Set([...row.keys(), ...document.keys()]);
  return [...columns].filter((column) => !isSameValue(row.get(column), document.get(column)));
}

/**
 * A column that one of them does not know is NULL there: the platform added it after the document was written, or
 * dropped it since. Documents have every column that their table had.
 */
function isSameValue(row: string | undefined, document: string | undefined): boolean {
  return (row ?? "null") === (document ?? "null");
}

/** Each column's value as exact text. A document that is not ours in form differs in every column. */
function comparable(json: Buffer): Map<string, string> {
  const parsed: unknown = JSON.parse(json.toString("utf8"), exactNumber);
  if (typeof parsed !== "object" || parsed === null) return new Map();
  const { archive, ...columns } = parsed as Record<string, unknown>;
  const values = new Map(Object.entries(columns).map(([name, value]) => [name, JSON.stringify(value)]));
  const offloads = (archive as { offloads?: unknown } | undefined)?.offloads;
  if (offloads !== undefined) values.set("archive.offloads", JSON.stringify(offloads));
  return values;
}

/** A number stays the text it was written as: 2^63-1 and -0.0 are no other numbers then. */
function exactNumber(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" && context?.source !== undefined ? rawJSON(context.source) : value;
}

/** Written as it is by JSON.stringify: https://tc39.es/proposal-json-parse-with-source/ */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
