import type { Refusal } from "../../engine/ports.ts";
import type { BinaryRows, TextEncoding } from "../../stores/postgres/copy/binary-rows.ts";
import {
  type CacheEntry,
  type CacheRecord,
  isExactNumber,
  type Json,
  parseBytes,
  parseRecord,
  refusal,
} from "../entries/cache-entry.ts";

/** A record as a row of LightRAG's table. */
export interface TableRow {
  readonly id: string;
  readonly original_prompt: string | null;
  readonly return_value: string | null;
  readonly chunk_id: string | null;
  readonly cache_type: string | null;
  /** As JSON. */
  readonly queryparam: string | null;
  /** Microseconds since 1970; null for a record without that time. */
  readonly create_time: bigint | null;
  readonly update_time: bigint | null;
  /** Of the texts and of queryparam: `parseBytes` gives them as their bytes. */
  readonly encoding: TextEncoding;
}

const texts: readonly string[] = ["character varying", "text"];
const timestamps: readonly string[] = ["timestamp without time zone"];

/** The columns, in the order in which their values are written, and the types that take what is written for COPY. */
export const columnTypes: Readonly<Record<Exclude<keyof TableRow, "encoding">, readonly string[]>> = {
  id: texts,
  original_prompt: texts,
  return_value: texts,
  chunk_id: texts,
  cache_type: texts,
  queryparam: ["jsonb"],
  create_time: timestamps,
  update_time: timestamps,
};

const textFields = ["return", "original_prompt", "chunk_id", "cache_type"] as const;
const timeFields = ["create_time", "update_time"] as const;
const knownFields = new Set<string>(["_id", "queryparam", ...textFields, ...timeFields]);

export const copyTarget = `lightrag_llm_cache (workspace, ${Object.keys(columnTypes).join(", ")})`;

/** Adds the row to those of a COPY into `copyTarget`. A time that it lacks is `now`. */
export function appendRow(rows: BinaryRows, workspace: string, row: TableRow, now: bigint): void {
  const { encoding } = row;
  rows.row(9);
  rows.text(workspace);
  rows.text(row.id);
  rows.text(row.original_prompt, encoding);
  rows.text(row.return_value, encoding);
  rows.text(row.chunk_id, encoding);
  rows.text(row.cache_type, encoding);
  rows.jsonb(row.queryparam, encoding);
  rows.timestamp(row.create_time ?? now);
  rows.timestamp(row.update_time ?? now);
}

/**
 * The entry as a row, or why it cannot be one; its texts are bytes where that is faster and `mayBeBytes`. Throws
 * SyntaxError for what is no JSON object.
 */
export function tableRow(entry: CacheEntry, mayBeBytes: boolean): TableRow | Refusal {
  const ofBytes = mayBeBytes ? parseBytes(entry) : undefined;
  const record = ofBytes ?? parseRecord(entry.text);
  const problem = whyNoRow(entry, record, ofBytes === undefined);
  // it quotes names of fields
  if (problem !== undefined) return ofBytes === undefined ? problem : tableRow(entry, false);
  const { queryparam } = record;
  return {
    id: entry.key,
    original_prompt: textOf(record, "original_prompt"),
    return_value: textOf(record, "return"),
    chunk_id: textOf(record, "chunk_id"),
    cache_type: textOf(record, "cache_type"),
    queryparam: queryparam == null ? null : JSON.stringify(queryparam),
    create_time: microsOf(record, "create_time", entry.micros?.create),
    update_time: microsOf(record, "update_time", entry.micros?.update),
    encoding: ofBytes === undefined ? "utf8" : "latin1",
  };
}

function textOf(record: CacheRecord, field: (typeof textFields)[number]): string | null {
  return (record[field] as string | null | undefined) ?? null;
}

/** `exact` is what the source knows of it beside the record. */
function microsOf(
  record: CacheRecord,
  field: (typeof timeFields)[number],
  exact: string | null | undefined,
): bigint | null {
  if (exact !== undefined) return exact === null ? null : BigInt(exact);
  const seconds = record[field] ?? null;
  if (seconds === null) return null;
  return BigInt(Math.round(Number(isExactNumber(seconds) ? seconds.rawJSON : seconds) * 1e6));
}

/** Why the table cannot hold it: a field that would be lost or changed is a refusal, never a silent cut. */
function whyNoRow({ key }: CacheEntry, record: CacheRecord, mayHoldOdd: boolean): Refusal | undefined {
  const odd = Object.keys(record).find((name) => !knownFields.has(name) && record[name] !== null);
  if (odd !== undefined)
    return refusal(key, "UnknownFieldError", `the table has no column for the field ${JSON.stringify(odd)}`);
  for (const name of textFields) {
    const value = record[name] ?? null;
    if (value !== null && typeof value !== "string") return refusal(key, "FieldTypeError", `${name} is no text`);
    if (value !== null && mayHoldOdd && !isText(value))
      return refusal(key, "InvalidTextError", `${name} holds ${whatIsNoText(value)}`);
  }
  for (const name of timeFields) {
    const value = record[name] ?? null;
    if (value !== null && !isTime(value))
      return refusal(key, "FieldTypeError", `${name} is no time in seconds since 1970`);
  }
  return isText(key) ? undefined : refusal(key, "InvalidTextError", `its key holds ${whatIsNoText(key)}`);
}

/** PostgreSQL's text is UTF-8 without NUL. */
export function isText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

function whatIsNoText(text: string): string {
  return text.includes("\0") ? "\\u0000, which PostgreSQL cannot store" : "half a surrogate pair";
}

/** PostgreSQL's timestamps reach to the year 294276. */
function isTime(value: Json): boolean {
  const seconds = isExactNumber(value) ? Number(value.rawJSON) : value;
  return typeof seconds === "number" && Math.abs(seconds) < 9e12;
}
