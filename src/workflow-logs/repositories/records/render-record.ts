import type { ArchiveSettings } from "../../connections.ts";
import { doubleJson } from "../../documents/column-writers.ts";
import { searchUnits } from "../../documents/document-renderer.ts";
import { searchText } from "../../documents/search-text.ts";
import { offsetOf } from "../../documents/time-zone.ts";
import { documentTime } from "./instants.ts";
import {
  columnOf,
  type FieldKind,
  type FieldValue,
  fieldValue,
  fieldsOf,
  type LogRecord,
  type RecordKind,
} from "./record-kind.ts";

/** The document of a record, without the fields of columns that records do not know: the same text that migrate makes of its row. */
export class RecordRenderer<T extends LogRecord> {
  private readonly kind: RecordKind<T>;
  private readonly settings: ArchiveSettings;
  private readonly offsetOf;

  constructor(kind: RecordKind<T>, settings: ArchiveSettings) {
    this.kind = kind;
    this.settings = settings;
    this.offsetOf = offsetOf(settings.sourceTimeZone);
  }

  /**
   * `replaced` is the document that this one takes the place of: its other fields stay, each where it is. `more` are members of `archive`, as JSON.
   */
  render(
    record: T,
    replaced: Readonly<Record<string, unknown>> = {},
    more: Readonly<Record<string, string>> = {},
  ): string {
    const { archive: _, ...kept } = replaced;
    const members = new Map(Object.entries(kept).map(([name, value]) => [name, exactJson(value)]));
    for (const [field, type] of fieldsOf(this.kind))
      members.set(columnOf(field), this.fieldJson(type, fieldValue(record, field)));
    members.set("archive", this.archiveJson(record, more));
    return objectJson(members);
  }

  private fieldJson(type: FieldKind, value: FieldValue): string {
    if (value === null) return "null";
    if (type === "timestamp") {
      return JSON.stringify(documentTime(String(value), this.settings.sourceTimeZone, this.offsetOf));
    }
    if (type === "bigint" || type === "integer") return String(value);
    return type === "double" ? doubleJson(value as number) : JSON.stringify(String(value).toWellFormed());
  }

  private archiveJson(record: T, more: Readonly<Record<string, string>>): string {
    const members = new Map(Object.entries(more));
    members.set("copied_at", JSON.stringify(new Date().toISOString()));
    const { searchColumns } = this.kind.logType;
    const units = searchUnits[this.settings.searchText];
    if (units === 0 || searchColumns.length === 0) return objectJson(members);
    const values = new Map(fieldsOf(this.kind).map(([field]) => [columnOf(field), fieldValue(record, field)]));
    const texts = searchColumns.map((column) => searchedText(values.get(column), units)).filter((text) => text !== "");
    const found: [string, string] = ["search_text", JSON.stringify(texts.join("\n").toWellFormed())];
    return objectJson(new Map([found, ...members]));
  }
}

/** Looks at as much of the column as migrate does. */
function searchedText(value: FieldValue | undefined, units: number): string {
  if (typeof value !== "string") return "";
  return searchText(
    Buffer.from(value)
      .subarray(0, 12 * units)
      .toString("utf8"),
    units,
  );
}

function exactJson(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" ? doubleJson(value) : JSON.stringify(value);
}

function objectJson(members: ReadonlyMap<string, string>): string {
  return `{${Array.from(members, ([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}
