import type { InsertColumn } from "../../../stores/postgres/insert-columns.ts";

/** How many rows show something, and the id of one of them. */
interface Seen {
  rows: number;
  readonly example: string;
}

/** What the documents of one table say of its columns, gathered row by row. */
export class ColumnFacts {
  readonly table: string;
  /** Fields that are no columns of the table: with a value, and in which there is none. */
  readonly unknown = new Map<string, Seen>();
  readonly unknownNulls = new Set<string>();
  /** Columns of the table that rows were archived without, for they came later. */
  readonly added = new Map<string, Seen>();
  /** Columns that the table needs, which rows lack or have as null. */
  readonly lacking = new Map<string, Seen>();
  private readonly names: ReadonlySet<string>;
  private readonly needed: readonly InsertColumn[];
  private readonly listed: readonly InsertColumn[];

  /**
   * `names` are those of all columns, generated ones too; `columns` those that an INSERT gives values for; `listed`
   * those of which the fields noted tell whether a row has them.
   */
  constructor(table: string, names: readonly string[], columns: readonly InsertColumn[], listed = columns) {
    this.table = table;
    this.names = new Set(names);
    this.listed = listed;
    this.needed = columns.filter(({ notNull }) => notNull);
  }

  /** Whether the table can take what the document has, and finds in it what it needs. */
  fits(fields: Readonly<Record<string, unknown>>): boolean {
    const isKnown = ([name, value]: readonly [string, unknown]): boolean => value === null || this.names.has(name);
    return Object.entries(fields).every(isKnown) && !this.needed.some((column) => isLacking(column, fields));
  }

  /** Whether documents that have just these fields, with values in all those that are needed, are nothing to note. */
  isPlain(names: readonly string[]): boolean {
    const has = new Set(names);
    return names.every((name) => this.names.has(name)) && this.listed.every(({ name }) => has.has(name));
  }

  /** The names of the columns that must have a value. */
  get neededNames(): string[] {
    return this.needed.map(({ name }) => name);
  }

  note(id: string, fields: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(fields)) {
      if (this.names.has(name)) continue;
      if (value === null) this.unknownNulls.add(name);
      else see(this.unknown, name, id);
    }
    for (const { name } of this.listed) if (!Object.hasOwn(fields, name)) see(this.added, name, id);
    for (const column of this.needed) if (isLacking(column, fields)) see(this.lacking, column.name, id);
  }

  /** Why the rows cannot be restored into the table as it is; empty when they can. */
  problems(): string[] {
    return [
      ...[...this.unknown].map(
        ([name, { rows, example }]) =>
          `${this.table} has no column ${name}, which ${count(rows)} a value for (such as ${example}): it would be lost.`,
      ),
      ...[...this.lacking].map(
        ([name, { rows, example }]) =>
          `${this.table}.${name} must not be NULL, and ${count(rows)} no value for it (such as ${example}).`,
      ),
    ];
  }

  notes(): string[] {
    return [...this.addedNotes(), ...this.nullNotes()];
  }

  private addedNotes(): string[] {
    return this.listed
      .filter(({ name }) => this.added.has(name) && !this.lacking.has(name))
      .map(({ name, hasDefault }) => {
        const { rows } = this.added.get(name)!;
        return `${this.table}.${name} was added after ${rows === 1 ? "1 row was" : `${rows.toLocaleString("en-US")} rows were`} archived: they get ${hasDefault ? "its default" : "NULL"}, as ADD COLUMN gives it.`;
      });
  }

  private nullNotes(): string[] {
    return [...this.unknownNulls]
      .filter((name) => !this.unknown.has(name))
      .map((name) => `${this.table} has no column ${name}; it is NULL in every archived row, so nothing is lost.`);
  }
}

function isLacking({ name, hasDefault }: InsertColumn, fields: Readonly<Record<string, unknown>>): boolean {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return value === null || (value === undefined && !hasDefault);
}

function see(seen: Map<string, Seen>, name: string, id: string): void {
  const known = seen.get(name);
  if (known === undefined) seen.set(name, { rows: 1, example: id });
  else known.rows++;
}

function count(rows: number): string {
  return rows === 1 ? "1 archived row has" : `${rows.toLocaleString("en-US")} archived rows have`;
}
