import { type RawBuilder, sql } from "kysely";
import { quoteIdentifier, type Table } from "../../../stores/postgres/table.ts";
import type { StateDatabase } from "../database.ts";

/**
 * Notes the app logs of these runs of one tenant as dirty rows, to be written again: their documents carry something of
 * their run. Where no index has workflow_run_id (before Dify 1.8.1) the tenant's app logs are read once for each call.
 */
export async function touchAppLogsOf(
  db: StateDatabase,
  appLogs: Table,
  tenantId: string,
  runIds: readonly string[],
): Promise<void> {
  if (runIds.length === 0) return;
  await db
    .insertInto("dirty_rows")
    .columns(["data_type", "record_id", "operation", "tenant_id"])
    .expression(sql`select 'app_logs', l.id::text, 'T', l.tenant_id::text ${ofRuns(appLogs, tenantId, runIds)}`)
    .execute();
}

/** The ids of the same app logs. */
export async function appLogIdsOf(
  db: StateDatabase,
  appLogs: Table,
  tenantId: string,
  runIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select l.id::text as id ${ofRuns(appLogs, tenantId, runIds)}`.execute(db);
  return rows.map(({ id }) => id);
}

function ofRuns(appLogs: Table, tenantId: string, runIds: readonly string[]): RawBuilder<unknown> {
  const typed = (column: string): RawBuilder<unknown> =>
    sql.raw(quoteIdentifier(appLogs.columns.find(({ name }) => name === column)!.type));
  return sql`from ${sql.raw(appLogs.sqlName)} l
    where l.tenant_id = ${tenantId}::${typed("tenant_id")} and l.workflow_run_id = any(${runIds}::text[]::${typed("workflow_run_id")}[])`;
}
