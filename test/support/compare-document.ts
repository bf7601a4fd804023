import { ExactNumber } from "./archived-documents.ts";
import type { OffloadRow, SourceColumn, SourceRow } from "./source-rows.ts";

export interface ColumnDifference {
  column: string;
  expected: string;
  found: string;
}

/** Where the document says something else than the row; empty when it says exactly the same. */
export function compareDocument(
  row: SourceRow,
  columns: readonly SourceColumn[],
  document: Record<string, unknown>,
): ColumnDifference[] {
  const { archive, ...fields } = document;
  return [...compareFields(row, columns, fields), ...compareArchive(row.offloads, archive)];
}

export function compareFields(
  row: SourceRow,
  columns: readonly SourceColumn[],
  fields: Record<string, unknown>,
): ColumnDifference[] {
  const names = new Set([...columns.map(({ name }) => name), ...Object.keys(fields)]);
  const differences: ColumnDifference[] = [];
  for (const name of names) {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined) differences.push({ column: name, expected: "no such field", found: shown(fields[name]) });
    else if (!isSame(row, column, fields[name])) {
      differences.push({ column: name, expected: shown(row.texts[name]), found: shown(fields[name]) });
    }
  }
  return differences;
}

function isSame(row: SourceRow, { name, type }: SourceColumn, value: unknown): boolean {
  const text = row.texts[name];
  if (text === null || text === undefined) return value === null;
  switch (type) {
    case "int2":
    case "int4":
    case "int8":
      return value instanceof ExactNumber && value.text === text;
    case "float8":
      return doubleHex(value) === row.doubles[name];
    case "timestamp":
      return typeof value === "string" && timestampIsSame(text, row.offsets[name] ?? null, value);
    default:
      return value === text;
  }
}

/** JSON has no word for NaN and the infinities: they are strings, and only they. */
function doubleHex(value: unknown): string | undefined {
  const isWord = value === "NaN" || value === "Infinity" || value === "-Infinity";
  if (!isWord && !(value instanceof ExactNumber)) return undefined;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(Number(value instanceof ExactNumber ? value.text : value));
  return bytes.toString("hex");
}

/**
 * Years 1 to 9999 are ISO with six digits and the offset of the source's clock; others are as PostgreSQL prints them,
 * with six digits.
 */
function timestampIsSame(text: string, offsetSeconds: string | null, value: string): boolean {
  if (text === "infinity" || text === "-infinity") return value === text;
  const [, date, time, fraction = "", era = ""] = /^(\S+) (\d\d:\d\d:\d\d)(?:\.(\d+))?( BC)?$/.exec(text) ?? [];
  const seconds = `${time}.${fraction.padEnd(6, "0")}`;
  if (offsetSeconds === null) return value === `${date} ${seconds}${era}`;
  return value === `${date}T${seconds}Z`
    ? offsetSeconds === "0"
    : value === `${date}T${seconds}${offset(offsetSeconds)}`;
}

function offset(seconds: string): string {
  // before 1901 there were seconds, which ISO has no place for
  const minutes = Math.trunc(Math.abs(Number(seconds)) / 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${seconds.startsWith("-") ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

/**
 * The contents of offloaded columns and the rows related to an app log are no columns; tests of their own look at them.
 */
const archiveFields = new Set([
  "search_text",
  "offloads",
  "offload_contents",
  "run",
  "trigger",
  "end_user",
  "account",
  "copied_at",
]);

function compareArchive(expected: readonly OffloadRow[], archive: unknown): ColumnDifference[] {
  if (typeof archive !== "object" || archive === null)
    return [{ column: "archive", expected: "an object", found: shown(archive) }];
  const { copied_at, search_text = "", offloads = [], ...others } = archive as Record<string, unknown>;
  const differences: ColumnDifference[] = [];
  for (const name of Object.keys(others).filter((key) => !archiveFields.has(key)))
    differences.push({ column: `archive.${name}`, expected: "no such field", found: shown(others[name]) });
  if (typeof copied_at !== "string" || Number.isNaN(Date.parse(copied_at)))
    differences.push({ column: "archive.copied_at", expected: "a time", found: shown(copied_at) });
  if (typeof search_text !== "string")
    differences.push({ column: "archive.search_text", expected: "text", found: shown(search_text) });
  const [wanted, found] = [expected.map(offloadText), (offloads as Record<string, unknown>[]).map(foundOffloadText)];
  if (JSON.stringify(wanted.toSorted()) !== JSON.stringify(found.toSorted()))
    differences.push({ column: "archive.offloads", expected: wanted.join("; "), found: found.join("; ") });
  return differences;
}

/** All columns of the offload row, and of its file all that are there: key, size and hash among them. */
function offloadText({ texts, file }: OffloadRow): string {
  return JSON.stringify([sorted(texts), file === null ? null : sorted(file)]);
}

function foundOffloadText({ file, ...texts }: Record<string, unknown>): string {
  return JSON.stringify([sorted(texts), file === null ? null : sorted(file as object)]);
}

function sorted(object: object): [string, unknown][] {
  return Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = value instanceof ExactNumber ? value.text : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}
