import type { PostgresPool, PostgresPoolClient } from "kysely";
import pg, { type Pool, type PoolClient } from "pg";
import { getTypeParser } from "../../stores/postgres/connection/pool.ts";

const timestamptzOid = 1184;

/**
 * Types of our own tables that have a form of their own in JavaScript. Log rows go through the same connections and
 * stay text, whatever their type. Oids are fixed for PostgreSQL's built-in types (pg_type.dat).
 */
const byteaOid = 17;
// of boolean, smallint, integer, text, varchar, bigint, uuid
const arrayOids = [1000, 1005, 1007, 1009, 1015, 1016, 2951];
const structuredOids = new Set([byteaOid, ...arrayOids]);

/**
 * The connections of `pool`, for queries on our own tables: arrays are arrays, bytea is a Buffer, a timestamptz is an
 * ISO 8601 text in UTC.
 */
export function typedPool(pool: Pool): PostgresPool {
  return {
    connect: async () => typedClient(await pool.connect()),
    end: () => pool.end(),
    options: pool.options,
  };
}

function typedClient(client: PoolClient): PostgresPoolClient {
  const query = (text: string, values: readonly unknown[]) =>
    client.query({ text, values: [...values], types: { getTypeParser: stateParser } });
  // Kysely also types a query by cursor, which it makes only where a dialect is given a class of cursors.
  return { query, release: (destroy?: boolean) => client.release(destroy) } as unknown as PostgresPoolClient;
}

function stateParser(oid: number): (value: string) => unknown {
  if (oid === timestamptzOid) return isoTime;
  if (structuredOids.has(oid)) return pg.types.getTypeParser(oid, "text");
  return getTypeParser(oid);
}

/** Of `2026-11-27 19:02:32.084985+00`, all digits kept: our sessions are in UTC, with the date style ISO. */
function isoTime(text: string): string {
  return text.endsWith("+00") ? `${text.slice(0, -3).replace(" ", "T")}Z` : text;
}
