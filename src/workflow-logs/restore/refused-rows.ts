import pg from "pg";

/**
 * Rows that PostgreSQL took but keeps in other words, by id with their columns: nothing of the transaction may stay.
 */
export class InexactRows extends Error {
  readonly rows: ReadonlyMap<string, readonly string[]>;

  constructor(rows: ReadonlyMap<string, readonly string[]>) {
    super("some rows did not come out as they are in their documents");
    this.rows = rows;
  }
}

/**
 * Classes of SQLSTATE that speak of a row and not of the server:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const rowClasses = new Set(["22", "23", "54", "P0"]);

/** Why PostgreSQL refused a statement, when some row of it is to blame; undefined for every other error. */
export function rowRefusal(error: unknown): string | undefined {
  if (!(error instanceof pg.DatabaseError) || !rowClasses.has(error.code?.slice(0, 2) ?? "")) return undefined;
  return `PostgreSQL: ${error.message} (${error.code})`;
}
