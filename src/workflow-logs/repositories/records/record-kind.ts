import type { LogType } from "../../partitions/log-types.ts";

/** What every log has. */
export interface LogRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly createdAt: string;
}

/**
 * What a column is in a record. `id`: text, a uuid in Dify's tables. `timestamp`: ISO text in UTC with microseconds,
 * `2025-10-31T23:59:59.999999Z`; infinities and years beyond 1 to 9999 in PostgreSQL's spelling. `bigint`: a bigint.
 * `integer` and `double`: a number, not always a finite one.
 */
export type FieldKind = "id" | "text" | "timestamp" | "bigint" | "integer" | "double";

export type FieldValue = string | number | bigint | null;

/** One type of log and the columns that its record has, in their order in Dify's tables. */
export interface RecordKind<T extends LogRecord> {
  readonly logType: LogType;
  readonly fields: Readonly<Record<keyof T & string, FieldKind>>;
}

export function fieldValue<T extends LogRecord>(record: T, field: keyof T & string): FieldValue {
  return record[field] as FieldValue;
}

/** The column of a field: `workflowId` is `workflow_id`. */
export function columnOf(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function fieldsOf<T extends LogRecord>(kind: RecordKind<T>): [field: keyof T & string, kind: FieldKind][] {
  return Object.entries(kind.fields) as [keyof T & string, FieldKind][];
}
