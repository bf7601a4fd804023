import type { OffsetOf } from "../../documents/time-zone.ts";
import { instantOfPrinted, toInstant } from "./instants.ts";
import { columnOf, type FieldKind, type FieldValue, fieldsOf, type LogRecord, type RecordKind } from "./record-kind.ts";

/**
 * A row of which each field is the text that PostgreSQL printed, null where the column is NULL or this version of the
 * schema lacks it.
 */
export type PrintedRow = Readonly<Record<string, string | null>>;

export function recordOfRow<T extends LogRecord>(kind: RecordKind<T>, row: PrintedRow, offsetOf: OffsetOf): T {
  const members = fieldsOf(kind).map(([field, type]) => [field, printedValue(type, row[field] ?? null, offsetOf)]);
  return Object.fromEntries(members) as T;
}

function printedValue(type: FieldKind, text: string | null, offsetOf: OffsetOf): FieldValue {
  if (text === null) return null;
  if (type === "timestamp") return instantOfPrinted(text, offsetOf);
  if (type === "bigint") return BigInt(text);
  return type === "integer" || type === "double" ? Number(text) : text;
}

/** The record of a document's `_source`, whose whole numbers beyond 2^53 are bigints. */
export function recordOfDocument<T extends LogRecord>(
  kind: RecordKind<T>,
  source: Readonly<Record<string, unknown>>,
): T {
  const members = fieldsOf(kind).map(([field, type]) => [
    field,
    documentValue(type, (source[columnOf(field)] ?? null) as FieldValue),
  ]);
  return Object.fromEntries(members) as T;
}

function documentValue(type: FieldKind, value: FieldValue): FieldValue {
  if (value === null) return null;
  if (type === "timestamp") return toInstant(String(value)) ?? String(value);
  if (type === "bigint") return BigInt(value);
  return type === "integer" || type === "double" ? Number(value) : value;
}
