import type { ColumnKind } from "../../documents/column-writers.ts";

/** A number as it stands in a document, every digit of it. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const wholeNumber = /^-?\d+$/;
const nonFinite = new Set(["NaN", "Infinity", "-Infinity"]);
const isoTimestamp = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d\.\d{6})(Z|[+-]\d\d:\d\d)$/;
/** Infinities and years beyond 1 to 9999. */
const oddTimestamp = /^(-?infinity|\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}( BC)?)$/;

/**
 * The text from which PostgreSQL reads the column's value again, exactly: the way back of `columnWriters`. Null is
 * NULL; undefined when the program would never have written such a value for a column of this kind.
 */
export function columnText(kind: ColumnKind, value: unknown): string | null | undefined {
  if (value === null) return null;
  switch (kind) {
    case "uuid":
      return typeof value === "string" && uuid.test(value) ? value : undefined;
    case "text":
      return typeof value === "string" ? value : undefined;
    case "int2":
    case "int4":
    case "int8":
      return value instanceof NumberText && wholeNumber.test(value.text) ? value.text : undefined;
    case "float8":
      if (value instanceof NumberText) return value.text;
      return typeof value === "string" && nonFinite.has(value) ? value : undefined;
    case "bool":
      return typeof value === "boolean" ? String(value) : undefined;
    default: // timestamp and timestamptz
      return typeof value === "string" ? localTimestamp(value) : undefined;
  }
}

/**
 * The source's own time, without the offset that its document has behind it. A `timestamptz` always has the offset Z
 * there, and sessions of ours are in UTC.
 */
export function localTimestamp(text: string): string | undefined {
  const [, date, time] = isoTimestamp.exec(text) ?? [];
  if (date !== undefined) return `${date} ${time}`;
  return oddTimestamp.test(text) ? text : undefined;
}

/**
 * The instant, as UTC text `YYYY-MM-DD HH:MM:SS.ffffff`; undefined for a text that names none within the years 1 to
 * 9999.
 */
export function utcTimestamp(text: string): string | undefined {
  const [, date, time, offset] = isoTimestamp.exec(text) ?? [];
  if (date === undefined) return undefined;
  if (offset === "Z") return `${date} ${time}`;
  const instant = Date.parse(`${date}T${time!.slice(0, 8)}${offset}`);
  if (Number.isNaN(instant)) return undefined;
  const utc = new Date(instant).toISOString();
  return utc.length === 24 && !utc.startsWith("0000")
    ? `${utc.slice(0, 10)} ${utc.slice(11, 19)}${time!.slice(8)}`
    : undefined;
}
