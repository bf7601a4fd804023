import type { PoolClient } from "pg";
import { copyIn } from "../../stores/postgres/copy/copy-in.ts";
import type { Column } from "../../stores/postgres/table.ts";
import { quoteIdentifier, type Table } from "../../stores/postgres/table.ts";

/** Rows that give values for the same columns. */
export interface InsertedRows {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | null)[])[];
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
  for (const { columns, rows } of groups) {
    const names = columns.map(({ name }) => quoteIdentifier(name)).join(", ");
    await copyIn(client, `${staging} (${names})`, rows);
    const result = await client.query<{ id: string }>(
      `insert into ${table.sqlName} (${names}) overriding system value select ${names} from ${staging}
       on conflict do nothing returning id::text as id`,
    );
    for (const { id } of result.rows) inserted.add(id);
    await client.query(`truncate ${staging}`);
  }
  return inserted;
}
