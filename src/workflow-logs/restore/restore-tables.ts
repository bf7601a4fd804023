import { AppError } from "../../engine/errors.ts";
import { type InsertColumn, insertColumns } from "../../stores/postgres/insert-columns.ts";
import { inspectTable, type Table } from "../../stores/postgres/table.ts";
import type { Connections } from "../connections.ts";
import { type RowLayout, rowLayout } from "../documents/row-layout.ts";
import { type LogType, offloadTable } from "../partitions/log-types.ts";
import type { Scope } from "../partitions/scope.ts";
import { inspectSources } from "../partitions/source-schema.ts";
import type { OffloadTable } from "./restore-offloads.ts";

/** A log table that rows go back into. */
export interface RestoreTable {
  readonly logType: LogType;
  readonly table: Table;
  /** Without offload rows: they go into a table of their own. */
  readonly layout: RowLayout;
  readonly columns: readonly InsertColumn[];
  readonly offloads: OffloadTable | undefined;
}

/** The log tables of the scope as they are now. Throws as inspectSources does. */
export async function restoreTables({ postgres }: Connections, scope: Scope): Promise<RestoreTable[]> {
  const tables: RestoreTable[] = [];
  for (const { logType, table } of await inspectSources(postgres, scope)) {
    const offloads = logType.hasOffloads ? await inspectTable(postgres, offloadTable) : undefined;
    tables.push({
      logType,
      table,
      layout: rowLayout(table),
      columns: await insertColumns(postgres, table),
      offloads: offloads && { table: offloads, columns: await insertColumns(postgres, offloads) },
    });
  }
  return tables;
}

/** Throws AppError with every privilege that is missing. */
export async function requireRestorePrivileges(
  { postgres }: Connections,
  tables: readonly RestoreTable[],
): Promise<void> {
  const names = tables.flatMap(({ table, offloads }) => [table.sqlName, ...(offloads ? [offloads.table.sqlName] : [])]);
  const found = await postgres.query<{ privilege: string }>(
    `select privilege || ' ON ' || name as privilege from unnest($1::text[]) name, unnest(array['SELECT', 'INSERT']) privilege
      where not has_table_privilege(name, privilege)
     union all select 'TEMPORARY ON DATABASE ' || quote_ident(current_database())
      where not has_database_privilege(current_database(), 'temporary')`,
    [names],
  );
  if (found.rows.length === 0) return;
  const missing = found.rows.map(({ privilege }) => privilege);
  throw new AppError("database_privilege", `Restoring needs privileges that the role has not: ${missing.join(", ")}.`, {
    hint: `${missing.map((privilege) => `GRANT ${privilege} TO CURRENT_USER;`).join(" ")} (by their owner, with the role's name). Nothing was changed.`,
  });
}
