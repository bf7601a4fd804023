import { AppError } from "../../engine/errors.ts";
import type { CollectionSpec, Column } from "../../stores/milvus/collection.ts";
import type { Row } from "../../stores/milvus/rows.ts";
import { fieldNames, fields, type Json, type Properties } from "../records/fields.ts";
import { type GeneralWeaviateRecord, recordOf } from "../records/records.ts";

/** What Milvus keeps of one text, in bytes of UTF-8, and of one list. */
const longestText = 65_535;
const longestList = 4096;

/** The collection that the declared fields describe. */
export function milvusSpec(name: string, dimension: number): CollectionSpec {
  return {
    name,
    primaryKey: { name: "uniqueid", type: "VarChar", maxLength: 1000 },
    vector: { name: "vector", dimension },
    partitionKey: { name: "tenantName", type: "VarChar", maxLength: 512 },
    columns: [
      ...fieldNames.map((field): Column => {
        const { kind, use } = fields[field] as { kind: string; use?: string };
        const index = use === "equality" || use === "range" ? ({ index: use } as const) : {};
        if (kind === "int64") return { name: field, type: "Int64", ...index };
        if (kind === "strings") return { name: field, ...textList, ...index };
        return { name: field, type: "VarChar", maxLength: longestText, ...index };
      }),
      { name: "overflow", ...textList },
    ],
  };
}

const textList = { type: "Array", maxLength: longestText, maxCapacity: longestList } as const;

/** What does not fit into the columns, so that nothing is cut: JSON, in pieces, in the column `overflow`. */
interface Overflow {
  /** The rest of texts longer than Milvus keeps. */
  texts?: Record<string, string>;
  /** The rest of lists longer than Milvus keeps. */
  lists?: Record<string, readonly string[]>;
  /** Properties that are not declared. */
  extra?: Readonly<Record<string, Json>>;
  /** Of a server without nulls: the properties that are not null. */
  has?: readonly string[];
}

/**
 * The record as a row with this primary key. Throws AppError when it cannot be one: its vector must have `dimension`
 * numbers (see fit-vector.ts).
 */
export function rowOf(
  record: GeneralWeaviateRecord,
  tenantName: string,
  { primaryKey, dimension, hasNulls }: { primaryKey: string; dimension: number; hasNulls: boolean },
): Row {
  const { vector, ...dict } = record.toMilvusDict(tenantName);
  if (vector?.length !== dimension) throw dimensionError(vector, dimension);
  const row: Row = { uniqueid: primaryKey, vector, tenantName };
  const rest: Overflow = {};
  for (const name of fieldNames) row[name] = columnValue(name, dict[name], rest) ?? (hasNulls ? null : empty(name));
  if (Object.keys(record.extra).length > 0) rest.extra = record.extra;
  if (!hasNulls) rest.has = Object.keys(record.properties);
  const pieces = Object.keys(rest).length === 0 ? null : piecesOf(JSON.stringify(rest));
  row["overflow"] = pieces ?? (hasNulls ? null : []);
  return row;
}

export function dimensionError(vector: readonly number[] | null, dimension: number): AppError {
  return new AppError(
    "dimension_mismatch",
    `The vector has ${vector?.length ?? 0} numbers, and the collection in Milvus ${dimension}.`,
    { hint: "Correct the vector, set MILVUS_DIMENSION, or fit vectors with --on-dim-mismatch pad or truncate." },
  );
}

/** Between an id and its tenant in a primary key. */
const separator = "\u001f";

/**
 * The primary keys that the tenant's record of this id may have. Milvus has one row for each key, over all tenants, so
 * the key is the id where no other tenant has it, else the id with the tenant's name. The first one is the better one.
 */
export function primaryKeys(uniqueid: string, tenant: string): string[] {
  const own = `${uniqueid}${separator}${tenant}`;
  return uniqueid.includes(separator) ? [own] : [uniqueid, own];
}

export function uniqueidOf(row: Row): string {
  const key = row["uniqueid"] as string;
  const suffix = `${separator}${row["tenantName"] as string}`;
  return key.endsWith(suffix) ? key.slice(0, -suffix.length) : key;
}

/** The record behind a row with all its columns. */
export function recordOfRow(row: Row): GeneralWeaviateRecord {
  const pieces = row["overflow"] as string[] | null;
  const rest = (pieces !== null && pieces.length > 0 ? JSON.parse(pieces.join("")) : {}) as Overflow;
  const properties: Record<string, unknown> = {};
  for (const name of rest.has ?? fieldNames) properties[name] = row[name];
  for (const [name, text] of Object.entries(rest.texts ?? {}))
    properties[name] = `${properties[name] as string}${text}`;
  for (const [name, list] of Object.entries(rest.lists ?? {}))
    properties[name] = [...(properties[name] as string[]), ...list];
  const vector = row["vector"] as number[];
  return recordOf({ ...rest.extra, ...(properties as Properties), uniqueid: uniqueidOf(row), vector });
}

function columnValue(name: string, value: unknown, rest: Overflow): unknown {
  // the client keeps 64 bits of text only
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "string") {
    const [first, ...others] = piecesOf(value);
    if (others.length > 0) rest.texts = { ...rest.texts, [name]: others.join("") };
    return first ?? "";
  }
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly string[];
  const tooLong = list.findIndex((item) => Buffer.byteLength(item) > longestText);
  const kept = tooLong < 0 ? longestList : Math.min(longestList, tooLong);
  if (list.length > kept) rest.lists = { ...rest.lists, [name]: list.slice(kept) };
  return list.slice(0, kept);
}

/** The text in pieces that Milvus keeps, none of which ends within a character. */
function piecesOf(text: string): string[] {
  if (text.length * 3 <= longestText) return text === "" ? [] : [text];
  const bytes = Buffer.from(text);
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length;) {
    let end = Math.min(bytes.length, at + longestText);
    while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--;
    pieces.push(bytes.toString("utf8", at, end));
    at = end;
  }
  return pieces;
}

function empty(name: (typeof fieldNames)[number]): unknown {
  const { kind } = fields[name];
  return kind === "int64" ? "0" : kind === "strings" ? [] : "";
}
