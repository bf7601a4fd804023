import { copyField } from "../../src/stores/postgres/copy/copy-in.ts";

/** The value of a column as PostgreSQL reads it; null is NULL. */
export type ColumnText = string | null;

export function copyLine(row: Readonly<Record<string, ColumnText>>, columns: readonly string[]): string {
  let line = "";
  for (const [i, column] of columns.entries()) {
    const value = row[column];
    if (value === undefined) throw new Error(`The row has no value for column ${column}.`);
    line += i === 0 ? copyField(value) : `\t${copyField(value)}`;
  }
  return `${line}\n`;
}
