import type { Column } from "../../../stores/postgres/table.ts";
import { columnKind } from "../../documents/column-writers.ts";
import { columnText, NumberText } from "../columns/column-text.ts";

/** A document taken apart: what each column held, and the offload rows that travelled with it. */
export interface ArchivedRow {
  readonly id: string;
  /** The `_source` it was read from. */
  readonly source: Buffer;
  /** Each field beside `archive` by its name, numbers as NumberText. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly offloads: readonly OffloadRow[];
}

/** Every column as the text PostgreSQL printed. */
export interface OffloadRow {
  readonly id: string;
  readonly columns: ReadonlyMap<string, string | null>;
}

/** A document that is not as the program writes them. */
export class UnreadableDocument extends Error {}

/** Members of an archived offload row that are no columns of it. */
const notColumns = new Set(["file"]);

/** @throws UnreadableDocument */
export function readArchivedRow(id: string, source: Buffer): ArchivedRow {
  const { archive, ...columns } = exactDocument(source.toString("utf8"));
  const fields = new Map(Object.entries(columns));
  if (fields.get("id") !== id) throw new UnreadableDocument("its field id is not its _id");
  const offloads = (archive as { offloads?: unknown } | null | undefined)?.offloads ?? [];
  if (!Array.isArray(offloads)) throw new UnreadableDocument("archive.offloads is no array");
  return { id, source, fields, offloads: offloads.map((offload) => offloadRow(id, offload)) };
}

/**
 * Columns that are numbers as NumberText. Only where a number has lost something is it read again with a reviver, which
 * takes three times as long.
 */
function exactDocument(json: string): Record<string, unknown> {
  const document = JSON.parse(json) as Record<string, unknown>;
  for (const [name, value] of Object.entries(document)) {
    if (typeof value !== "number") continue;
    if (Object.is(value, -0) || !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
      return JSON.parse(json, exactNumber) as Record<string, unknown>;
    document[name] = new NumberText(String(value));
  }
  return document;
}

function exactNumber(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" && context?.source !== undefined ? new NumberText(context.source) : value;
}

function offloadRow(nodeId: string, offload: unknown): OffloadRow {
  if (typeof offload !== "object" || offload === null) throw new UnreadableDocument("an offload row is no object");
  const columns = new Map<string, string | null>();
  for (const [name, value] of Object.entries(offload as Record<string, unknown>)) {
    if (notColumns.has(name)) continue;
    if (value !== null && typeof value !== "string") throw new UnreadableDocument(`offload column ${name} is no text`);
    columns.set(name, value);
  }
  const id = columns.get("id");
  if (id == null) throw new UnreadableDocument("an offload row has no id");
  if (columns.get("node_execution_id") !== nodeId)
    throw new UnreadableDocument("an offload row belongs to another node execution");
  return { id, columns };
}

/**
 * The values of the row for these columns, as COPY takes them; a column that the document lacks must not be among them.
 * @throws UnreadableDocument naming the first column whose value is not of its type
 */
export function columnTexts(row: ArchivedRow, columns: readonly Column[]): (string | null)[] {
  return columns.map(({ name, type }) => {
    const text = columnText(columnKind(type).kind, row.fields.get(name));
    if (text === undefined) throw new UnreadableDocument(`${name} is no value of the type ${type}`);
    return text;
  });
}
