import type { Pool, PoolClient } from "pg";
import { copyIn } from "../../stores/postgres/copy/copy-in.ts";
import type { Column } from "../../stores/postgres/table.ts";
import { quoteIdentifier, type Table } from "../../stores/postgres/table.ts";

/** Rows that give values for the same columns. */
export interface InsertedRows {
  readonly columns: readonly Column[];
  /** Lines of COPY's text format. */
  readonly chunks: Iterable<Buffer>;
}

/**
 * Inserts rows that are not there, in the caller's transaction, by COPY into a temporary table beside the target; a row
 * in the way of one, by any unique key, leaves it out. Returns the ids of those inserted. Errors of PostgreSQL speak of
 * some row, and end the transaction.
 */
export async function insertRows(
  client: PoolClient,
  table: Table,
  groups: readonly InsertedRows[],
): Promise<Set<string>> {
  const staging = `pg_temp.${quoteIdentifier(`restore_${table.name}`)}`;
  const inserted = new Set<string>();
  // "as select" takes the types without NOT NULL and defaults: columns left out are no matter of this table.
  await client.query(
    `create temporary table if not exists ${staging.slice("pg_temp.".length)} on commit delete rows as select * from ${table.sqlName} with no data`,
  );
  for (const { columns, chunks } of groups) {
    const names = namesOf(columns);
    await copyIn(client, `${staging} (${names})`, chunks);
    const result = await client.query<{ id: string }>(
      `insert into ${table.sqlName} (${names}) overriding system value select ${names} from ${staging}
       on conflict do nothing returning id::text as id`,
    );
    for (const { id } of result.rows) inserted.add(id);
    await client.query(`truncate ${staging}`);
  }
  return inserted;
}

/**
 * The same by COPY into the table itself, which takes half of the time; a row in the way of one ends the transaction
 * with an error, see mayBeInTheWay.
 */
export async function copyRows(client: PoolClient, table: Table, groups: readonly InsertedRows[]): Promise<void> {
  for (const { columns, chunks } of groups) await copyIn(client, `${table.sqlName} (${namesOf(columns)})`, chunks);
}

/**
 * Whether COPY does what INSERT would: not into a view, under row level security, or where somebody has a rule for
 * inserts, which COPY passes over (https://www.postgresql.org/docs/current/sql-copy.html, "Notes").
 */
export async function takesCopy(pool: Pool, table: Table): Promise<boolean> {
  const { rows } = await pool.query<{ takes: boolean }>(
    `select c.relkind in ('r', 'p') and not row_security_active(c.oid)
       and not exists (select from pg_rewrite r where r.ev_class = c.oid and r.ev_type = '3') as takes
     from pg_class c where c.oid = $1::regclass`,
    [table.sqlName],
  );
  return rows[0]?.takes ?? false;
}

/** unique_violation, exclusion_violation; feature_not_supported: another kind of table. */
const inTheWay = new Set(["23505", "23P01", "0A000"]);

/** Whether insertRows may succeed where copyRows ended with this error. */
export function mayBeInTheWay(error: unknown): boolean {
  return inTheWay.has((error as { code?: string }).code ?? "");
}

function namesOf(columns: readonly Column[]): string {
  return columns.map(({ name }) => quoteIdentifier(name)).join(", ");
}
