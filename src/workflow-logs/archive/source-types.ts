import type { Pool } from "pg";
import { dataTypes, logTypes } from "../partitions/log-types.ts";

export interface SourceTypes {
  /**
   * Every log table has them as uuids. Where one has text, or none is to be seen, nothing is said against any tenant
   * id.
   */
  readonly tenantsAreUuids: boolean;
  /** Some created_at has no zone of its own, so that SOURCE_TIME_ZONE decides what time it is. */
  readonly needsTimeZone: boolean;
}

/** Types of the columns that decide what is in the archive, where the log tables are there. */
export async function sourceTypes(pool: Pool): Promise<SourceTypes> {
  const { rows } = await pool.query<{ column: string; type: string }>(
    `select a.attname::text as column, t.typname::text as type
       from unnest($1::text[]) name join pg_attribute a on a.attrelid = to_regclass(quote_ident(name)) and a.attnum > 0
       join pg_type t on t.oid = a.atttypid where a.attname in ('tenant_id', 'created_at')`,
    [dataTypes.map((type) => logTypes[type].table)],
  );
  const tenants = rows.filter(({ column }) => column === "tenant_id");
  return {
    tenantsAreUuids: tenants.length > 0 && tenants.every(({ type }) => type === "uuid"),
    needsTimeZone: rows.some(({ column, type }) => column === "created_at" && type !== "timestamptz"),
  };
}
