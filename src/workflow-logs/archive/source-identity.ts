import type { Pool } from "pg";
import { describePostgresError } from "../../stores/postgres/errors.ts";

/** What tells this database from a copy of it. */
export interface SourceIdentity {
  /**
   * Of the cluster, made by initdb: the same on its standbys. Null where the role may not read it, or the service does
   * not show it.
   */
  readonly systemIdentifier: string | null;
  readonly databaseOid: string;
  /** Of log_archive.archive: the same after pg_upgrade, another after a dump was restored. Null where there is none. */
  readonly tableOid: string | null;
  readonly databaseName: string;
  /** Where the search path finds the log tables; null where it finds none. */
  readonly schema: string | null;
  /** Another after a standby was promoted or a backup recovered. Null on a standby, or where it is not shown. */
  readonly timeline: number | null;
}

export async function sourceIdentity(pool: Pool): Promise<SourceIdentity> {
  const database = await pool.query<{ oid: string; name: string; table: string | null; schema: string | null }>(
    `select d.oid::text as oid, d.datname::text as name, to_regclass('log_archive.archive')::oid::text as table,
            (select c.relnamespace::regnamespace::text from pg_class c where c.oid = to_regclass('workflow_runs')) as schema
       from pg_database d where d.datname = current_database()`,
  );
  const { oid, name, table, schema } = database.rows[0]!;
  return {
    systemIdentifier: await shown(pool, "select system_identifier::text as value from pg_control_system()"),
    databaseOid: oid,
    tableOid: table,
    databaseName: name,
    schema,
    timeline: await timelineOf(pool),
  };
}

/** A control file names the timeline only from the next checkpoint on; the log that is written names it at once. */
async function timelineOf(pool: Pool): Promise<number | null> {
  const hex = await shown(pool, "select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as value");
  return hex === null ? null : Number.parseInt(hex, 16);
}

/** Functions of the server that a managed service may lack, a role may not call, or a standby refuses. */
async function shown(pool: Pool, query: string): Promise<string | null> {
  try {
    const { rows } = await pool.query<{ value: string | null }>(query);
    return rows[0]?.value ?? null;
  } catch (error) {
    if (notShown.has((error as { code?: string }).code ?? "")) return null;
    throw describePostgresError(error) ?? error;
  }
}

// insufficient_privilege, undefined_function, feature_not_supported, object_not_in_prerequisite_state (a standby)
const notShown = new Set(["42501", "42883", "0A000", "55000"]);
