import { type RawBuilder, sql } from "kysely";
import type { Pool } from "pg";
import { AppError, UsageError } from "../../../engine/errors.ts";
import type { StateDatabase } from "../../state/database.ts";
import type { Connections } from "../../connections.ts";
import { offsetOf } from "../../documents/time-zone.ts";
import { inspectOnce } from "./inspect-once.ts";
import { allOf, type Condition, LogTable } from "./log-table.ts";
import type { Position } from "./ordered-documents.ts";
import type { Part, Partly } from "./part-of-logs.ts";
import { type PrintedRow, recordOfRow } from "./read-record.ts";
import { columnOf, fieldsOf, fieldValue, type LogRecord, type RecordKind } from "./record-kind.ts";
import { refuseOtherTenant, validateWritten } from "./refused-records.ts";

export interface RowOrder {
  readonly direction: "asc" | "desc";
  /** Only rows behind this place. */
  readonly after?: Position | undefined;
  /** All when left out. */
  readonly limit?: number | undefined;
}

const neverChanged: ReadonlySet<string> = new Set(["id", "tenantId", "createdAt"]);

/** The rows of one log table as records. */
export class PostgresRecords<T extends LogRecord> {
  readonly kind: RecordKind<T>;
  readonly db: StateDatabase;
  private readonly pool: Pool;
  private readonly timeZone: string;
  private readonly part: Part | undefined;
  private inspected: Promise<LogTable<T>> | undefined;

  constructor(
    { postgres, state, settings, part }: Pick<Connections, "postgres" | "state" | "settings"> & Partly,
    kind: RecordKind<T>,
  ) {
    this.pool = postgres;
    this.db = state;
    this.kind = kind;
    this.timeZone = settings.sourceTimeZone;
    this.part = part;
  }

  /** The table's columns, which are read once. */
  async table(): Promise<LogTable<T>> {
    this.inspected ??= this.inspect();
    try {
      return await this.inspected;
    } catch (error) {
      this.inspected = undefined;
      throw error;
    }
  }

  private async inspect(): Promise<LogTable<T>> {
    const table = await inspectOnce(this.pool, this.kind.logType.table);
    if (table !== undefined) return new LogTable(this.kind, table, this.timeZone, this.part);
    throw new AppError("table_missing", `There is no table ${this.kind.logType.table} in this database.`, {
      hint: "Check DATABASE_URL (or DB_DATABASE) and the search_path: it must be the database of the platform.",
    });
  }

  /** The first rows for which every condition holds, in the order (created_at, id). */
  async list(conditions: readonly Condition[], { direction, after, limit }: RowOrder): Promise<T[]> {
    const table = await this.table();
    const all = after === undefined ? conditions : [...conditions, table.behind(after, direction)];
    return this.read(sql`where ${allOf(all)} ${table.order(direction)} limit ${limit ?? null}`);
  }

  async find(conditions: readonly Condition[]): Promise<T | undefined> {
    return (await this.read(sql`where ${allOf(conditions)} limit 1`))[0];
  }

  /** The ids of the tenant's rows. */
  async ids(tenantId: string): Promise<string[]> {
    const table = await this.table();
    const { rows } = await sql<{
      id: string;
    }>`select t.id::text as id from ${table.name} t where ${table.is("tenantId", tenantId)}`.execute(this.db);
    return rows.map(({ id }) => id);
  }

  /** Those of the ids that a row has, whichever tenant's. */
  async existing(ids: readonly string[]): Promise<Set<string>> {
    const table = await this.table();
    const { rows } = await sql<{
      id: string;
    }>`select t.id::text as id from ${table.name} t where ${table.isOneOf("id", ids)}`.execute(this.db);
    return new Set(rows.map(({ id }) => id));
  }

  /** The rows `t` that the rest of the statement selects. */
  async read(rest: RawBuilder<unknown>): Promise<T[]> {
    const table = await this.table();
    const found = await sql<PrintedRow>`select ${table.printed()} from ${table.name} t ${rest}`.execute(this.db);
    const offset = offsetOf(table.sourceTimeZone);
    return found.rows.map((row) => recordOfRow(this.kind, row, offset));
  }

  /**
   * Afterwards the row says what the record says, but for created_at, which keeps what it was. Throws AppError when the
   * id is another tenant's, and UsageError for what cannot be stored.
   */
  async save(record: T): Promise<void> {
    await this.refuseUnstorable(record);
    const table = await this.table();
    const fields = fieldsOf(this.kind)
      .map(([field]) => field)
      .filter((field) => table.has(field));
    const changes = fields
      .filter((field) => !neverChanged.has(field))
      .map((field) => sql`${column(field)} = excluded.${column(field)}`);
    const written = await sql`insert into ${table.name} as t (${sql.join(fields.map(column))})
      values (${sql.join(fields.map((field) => table.value(field, fieldValue(record, field))))})
      on conflict (id) do update set ${sql.join(changes)}
        where t.tenant_id = excluded.tenant_id
      returning t.id`.execute(this.db);
    if (written.rows.length === 0) throw refuseOtherTenant(record);
  }

  /** Throws UsageError for a record that has no place in this table. */
  async refuseUnstorable(record: T): Promise<void> {
    validateWritten(record);
    const table = await this.table();
    for (const field of ["id", "tenantId"] as const) {
      if (table.accepts(field, record[field])) continue;
      throw new UsageError(
        "invalid_id",
        `${JSON.stringify(record[field])} is no ${columnOf(field)} of this platform.`,
        {
          hint: "Give it as a lower-case uuid. Nothing was written.",
        },
      );
    }
  }

  /**
   * Deletes the rows for which every condition holds, of which there should be a condition on the tenant; how many
   * there were.
   */
  async delete(conditions: readonly Condition[]): Promise<number> {
    const table = await this.table();
    const deleted = await sql`delete from ${table.name} t where ${allOf(conditions)}`.execute(this.db);
    return Number(deleted.numAffectedRows ?? 0);
  }

  /** The same in statements of at most `batchSize` rows, so that none holds its locks for long. */
  async deleteInBatches(conditions: readonly Condition[], batchSize: number): Promise<number> {
    const table = await this.table();
    const some = sql`t.id in (select t.id from ${table.name} t where ${allOf(conditions)} limit ${batchSize})`;
    for (let deleted = 0; ;) {
      const rows = await this.delete([...conditions, some]);
      deleted += rows;
      if (rows === 0) return deleted;
    }
  }
}

function column(field: string): RawBuilder<unknown> {
  return sql.ref(columnOf(field));
}
