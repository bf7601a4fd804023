import type { ArchiveSettings } from "../../connections.ts";
import { doubleJson } from "../../documents/column-writers.ts";
import { searchUnits } from "../../documents/search-text.ts";
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

/**
 * The document of a record, without the fields of columns that records do not know: the same text that migrate makes of
 * its row.
 */
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
   * `replaced` is the document that this one takes the place of: its other fields stay, each where it is. `more` are
   * members of `archive`, as JSON.
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

  /** Only these fields, as they stand in the record's document. */
  renderFields(record: T, fields: readonly (keyof T & string)[]): string {
    const members = fields.map((field) => {
      return [columnOf(field), this.fieldJson(this.kind.fields[field], fieldValue(record, field))] as const;
    });
    return objectJson(new Map(members));
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
    if (searchColumns.length === 0) return objectJson(members);
    const values = new Map(fieldsOf(this.kind).map(([field]) => [columnOf(field), fieldValue(record, field)]));
    const found = searchTextMember(
      searchColumns.map((column) => values.get(column)),
      this.settings,
    );
    return objectJson(new Map([...Object.entries(found), ...members]));
  }
}

/** The member of `archive` that is searched, made of these columns; none where nothing is to be searched. */
export function searchTextMember(
  columns: readonly (FieldValue | undefined)[],
  settings: Pick<ArchiveSettings, "searchText">,
): Readonly<Record<string, string>> {
  const units = searchUnits[settings.searchText];
  if (units === 0) return {};
  const texts = columns.map((column) => searchedText(column, units)).filter((text) => text !== "");
  return { search_text: JSON.stringify(texts.join("\n").toWellFormed()) };
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
