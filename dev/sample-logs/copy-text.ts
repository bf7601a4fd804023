/** The value of a column as PostgreSQL reads it; null is NULL. */
export type ColumnText = string | null;

const special = /[\\\b\f\n\r\t\v]/;
const everySpecial = /[\\\b\f\n\r\t\v]/g;
const escapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/**
 * One field of COPY's text format (PostgreSQL manual, COPY, "Text Format"). Characters that UTF-8 or PostgreSQL cannot
 * hold (lone surrogates, NUL) are an error of the caller, since they would arrive changed or not at all.
 */
export function copyField(value: ColumnText): string {
  if (value === null) return "\\N";
  return special.test(value) ? value.replace(everySpecial, (character) => escapes[character] ?? character) : value;
}

export function copyLine(row: Readonly<Record<string, ColumnText>>, columns: readonly string[]): string {
  let line = "";
  for (const [i, column] of columns.entries()) {
    const value = row[column];
    if (value === undefined) throw new Error(`The row has no value for column ${column}.`);
    line += i === 0 ? copyField(value) : `\t${copyField(value)}`;
  }
  return `${line}\n`;
}
