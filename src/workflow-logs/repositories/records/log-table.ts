import { type RawBuilder, sql } from "kysely";
import { hasColumn, quoteIdentifier, type Table } from "../../../stores/postgres/table.ts";
import { monthBounds } from "../../partitions/months.ts";
import { localTime } from "./instants.ts";
import type { Position } from "./ordered-documents.ts";
import type { Part } from "./part-of-logs.ts";
import { columnOf, fieldsOf, type FieldValue, type LogRecord, type RecordKind } from "./record-kind.ts";

export type Condition = RawBuilder<unknown>;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const nothing: Condition = sql`false`;

/**
 * A log table `t` in statements, whatever columns this version of the schema has. A value that is none of its column's
 * type, such as `*` where ids are uuids, equals nothing, rather than to fail.
 */
export class LogTable<T extends LogRecord> {
  readonly name: RawBuilder<unknown>;
  private readonly kind: RecordKind<T>;
  private readonly table: Table;
  private readonly timeZone: string;

  constructor(kind: RecordKind<T>, table: Table, sourceTimeZone: string, part?: Part) {
    this.kind = kind;
    this.table = table;
    this.timeZone = this.typeOf("createdAt") === "timestamptz" ? "UTC" : sourceTimeZone;
    this.name = part === undefined ? sql.raw(table.sqlName) : this.partOf(part);
  }

  private partOf({ months, withoutIds = [], withoutTenants = [] }: Part): RawBuilder<unknown> {
    const conditions = [
      ...(withoutIds.length === 0 ? [] : [sql`not ${this.isOneOf("id", withoutIds)}`]),
      ...(withoutTenants.length === 0 ? [] : [sql`not ${this.isOneOf("tenantId", withoutTenants)}`]),
      ...(months === undefined ? [] : [months.length === 0 ? nothing : sql`(${this.inMonths(months)})`]),
    ];
    return sql`(select t.* from ${sql.raw(this.table.sqlName)} t where ${allOf(conditions)})`;
  }

  private inMonths(months: readonly string[]): RawBuilder<unknown> {
    const ranges = months.map((month) => {
      const { from, to } = monthBounds(month);
      return sql`(${this.createdFrom(`${from.replace(" ", "T")}Z`)} and ${this.createdBefore(`${to.replace(" ", "T")}Z`)})`;
    });
    return sql.join(ranges, sql` or `);
  }

  /** The zone that created_at is in. */
  get sourceTimeZone(): string {
    return this.timeZone;
  }

  has(field: keyof T & string): boolean {
    return hasColumn(this.table, columnOf(field));
  }

  column(field: keyof T & string): RawBuilder<unknown> {
    return sql.raw(`t.${quoteIdentifier(columnOf(field))}`);
  }

  /** Every field as the text that PostgreSQL prints; NULL for columns that the table lacks. */
  printed(): RawBuilder<unknown> {
    const fields = fieldsOf(this.kind).map(([field]) => {
      const value = this.has(field) ? sql`${this.column(field)}::text` : sql`null::text`;
      return sql`${value} as ${sql.raw(quoteIdentifier(field))}`;
    });
    return sql.join(fields);
  }

  is(field: keyof T & string, value: string): Condition {
    return this.isOneOf(field, [value]);
  }

  isOneOf(field: keyof T & string, values: readonly string[]): Condition {
    const possible = values.filter((value) => this.accepts(field, value));
    if (possible.length === 0) return nothing;
    if (!this.isBuiltIn(field)) return sql`${this.column(field)}::text = any(${[...possible]}::text[])`;
    return sql`${this.column(field)} = any(${[...possible]}::${sql.raw(quoteIdentifier(this.typeOf(field)))}[])`;
  }

  /** Another type, such as an enum, has values that may not be asked for: these equal nothing. */
  private isBuiltIn(field: keyof T & string): boolean {
    return /^(uuid|text|varchar|bpchar|json|jsonb|timestamp|timestamptz|int[248]|float[48]|numeric|bool)$/.test(
      this.typeOf(field),
    );
  }

  /** Whether the column can hold the value. Other spellings of a uuid that PostgreSQL reads are none of a document. */
  accepts(field: keyof T & string, value: string): boolean {
    return !this.isUuid(field) || uuid.test(value);
  }

  private isUuid(field: keyof T & string): boolean {
    return this.typeOf(field) === "uuid";
  }

  /** created_at with its zone. */
  createdInstant(): RawBuilder<unknown> {
    const createdAt = this.column("createdAt");
    return this.typeOf("createdAt") === "timestamptz" ? createdAt : sql`(${createdAt} at time zone ${this.timeZone})`;
  }

  createdFrom(instant: string): Condition {
    return sql`${this.column("createdAt")} >= ${this.value("createdAt", instant)}`;
  }

  createdBefore(instant: string): Condition {
    return sql`${this.column("createdAt")} < ${this.value("createdAt", instant)}`;
  }

  /** Behind a place in the order (created_at, id). */
  behind({ createdAt, id }: Position, direction: "asc" | "desc"): Condition {
    const place = sql`(${this.value("createdAt", createdAt)}, ${this.value("id", id)})`;
    return sql`(${this.column("createdAt")}, ${this.id()}) ${sql.raw(direction === "asc" ? ">" : "<")} ${place}`;
  }

  order(direction: "asc" | "desc"): RawBuilder<unknown> {
    const way = sql.raw(direction);
    return sql`order by ${this.column("createdAt")} ${way}, ${this.id()} ${way}`;
  }

  /** A field's value in the form of its column. */
  value(field: keyof T & string, value: FieldValue): RawBuilder<unknown> {
    const type = sql.raw(quoteIdentifier(this.typeOf(field)));
    return sql`${this.parameter(field, value)}::${type}`;
  }

  private parameter(field: keyof T & string, value: FieldValue): string | null {
    if (value === null) return null;
    if (this.kind.fields[field] === "timestamp") return localTime(String(value), this.zoneOf(field));
    return Object.is(value, -0) ? "-0" : String(value);
  }

  private zoneOf(field: keyof T & string): string {
    return this.typeOf(field) === "timestamptz" ? "UTC" : this.timeZone;
  }

  /** In the order of its bytes, which is that of documents, whatever the database's collation. */
  private id(): RawBuilder<unknown> {
    return this.isUuid("id") ? this.column("id") : sql`${this.column("id")} collate "C"`;
  }

  private typeOf(field: keyof T & string): string {
    return this.table.columns.find(({ name }) => name === columnOf(field))?.type ?? "text";
  }
}

export function allOf(conditions: readonly Condition[]): RawBuilder<unknown> {
  return conditions.length === 0 ? sql`true` : sql.join([...conditions], sql` and `);
}
