import type { Pool } from "pg";
import { AppError, UsageError } from "../../engine/errors.ts";
import { hasColumn, hasIndexOn, inspectTable, type Table } from "../../stores/postgres/table.ts";
import { searchedChars, type SearchTextMode, searchUnits } from "../documents/search-text.ts";
import { type RelatedRows, relatedToAppLogs } from "../documents/related-rows.ts";
import { type RowLayout, rowLayout } from "../documents/row-layout.ts";
import { type LogType, logTypes, offloadTable } from "./log-types.ts";
import type { Scope } from "./scope.ts";

export interface SourceTable {
  readonly logType: LogType;
  readonly table: Table;
  readonly layout: RowLayout;
  /** Whether an index serves the order (created_at, id) within a tenant, so that pages need no key table. */
  readonly hasServingIndex: boolean;
  /** Of workflow runs: the app logs, whose documents carry something of their run. */
  readonly appLogs: Table | undefined;
}

const needed = ["id", "tenant_id", "created_at"];

/**
 * The log table as it is in this database, whatever version of Dify made it. Throws AppError when it cannot be copied.
 */
async function inspectSource(pool: Pool, logType: LogType, searchText: SearchTextMode): Promise<SourceTable> {
  const table = await inspectTable(pool, logType.table);
  if (table === undefined) {
    throw new AppError("table_missing", `There is no table ${logType.table} in this database.`, {
      hint: "Check DATABASE_URL (or DB_DATABASE) and the search_path: it must be the database of the platform.",
    });
  }
  const missing = needed.filter((column) => !hasColumn(table, column));
  if (missing.length > 0) {
    throw new AppError("column_missing", `${logType.table} has no column ${missing.join(", ")}.`, {
      hint: "This is not a log table of Dify's schema; nothing was copied.",
    });
  }
  if (hasColumn(table, "archive")) {
    throw new AppError(
      "column_conflict",
      `${logType.table} has a column "archive", the one name that documents keep for themselves.`,
      {
        hint: "Rename that column before archiving this table.",
      },
    );
  }
  const offloads = logType.hasOffloads ? await inspectTable(pool, offloadTable) : undefined;
  const files = offloads === undefined ? undefined : await inspectTable(pool, "upload_files");
  const related = logType.dataType === "app_logs" ? await inspectRelated(pool, table, searchText) : undefined;
  return {
    logType,
    table,
    layout: rowLayout(table, offloads, files, related),
    hasServingIndex: hasIndexOn(table, ["tenant_id", "created_at"]),
    appLogs: logType.dataType === "workflow_runs" ? await readableTable(pool, logTypes.app_logs.table) : undefined,
  };
}

/** What app logs are found and shown by beside their own columns. */
export async function inspectRelated(pool: Pool, appLogs: Table, searchText: SearchTextMode): Promise<RelatedRows> {
  const tables = {
    runs: await readableTable(pool, logTypes.workflow_runs.table),
    triggers: await readableTable(pool, "workflow_trigger_logs"),
    endUsers: await readableTable(pool, "end_users"),
    accounts: await readableTable(pool, "accounts"),
  };
  return relatedToAppLogs(appLogs, tables, searchedChars(searchUnits[searchText]));
}

/** Undefined also where this role may not read it: an archive of logs does not need the platform's other tables. */
export async function readableTable(pool: Pool, name: string): Promise<Table | undefined> {
  const table = await inspectTable(pool, name);
  if (table === undefined) return undefined;
  const may = await pool.query<{ read: boolean }>("select has_table_privilege($1, 'select') as read", [table.sqlName]);
  return may.rows[0]!.read ? table : undefined;
}

/** The zone that created_at is in: a column with a zone of its own needs no setting. */
export function zoneOf({ table }: Pick<SourceTable, "table">, sourceTimeZone: string): string {
  return table.columns.find((column) => column.name === "created_at")?.type === "timestamptz" ? "UTC" : sourceTimeZone;
}

/**
 * The log tables that a scope speaks of. Throws UsageError for a tenant id that is not of the tenant column's type,
 * before anything is touched. `searchText` says how much text of related rows is to be read.
 */
export async function inspectSources(
  pool: Pool,
  scope: Scope,
  searchText: SearchTextMode = "off",
): Promise<SourceTable[]> {
  const sources: SourceTable[] = [];
  for (const dataType of scope.dataTypes) sources.push(await inspectSource(pool, logTypes[dataType], searchText));
  const wrong = scope.tenantIds.filter((id) => !uuid.test(id) && sources.some(tenantsAreUuids));
  if (wrong.length > 0) {
    throw new UsageError(
      "invalid_tenant_id",
      `Not a tenant id of this platform, whose tenant ids are uuids: ${wrong.join(", ")}`,
      {
        hint: "Look the tenant up in the table tenants; nothing was changed.",
      },
    );
  }
  return sources;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function tenantsAreUuids(source: SourceTable): boolean {
  return source.table.columns.find((column) => column.name === "tenant_id")?.type === "uuid";
}
