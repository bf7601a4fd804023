import { quoteLiteral, sqlIdType } from "../../stores/postgres/table.ts";
import { monthExpression, type PlanContext, unarchivableQuery } from "../partitions/plan-query.ts";
import { type SourceTable, zoneOf } from "../partitions/source-schema.ts";
import type { DirtyRun } from "./dirty-run.ts";
import type { PlannedRecord } from "./plan/planned-record.ts";

/** Puts rows that no index can be named for into the record errors, as a migration does. */
export async function recordUnarchivable(
  { copy, run, scope, counters }: DirtyRun,
  source: SourceTable,
  planned: readonly PlannedRecord[],
): Promise<void> {
  if (planned.length === 0) return;
  const { table, logType } = source;
  const { postgres, settings } = copy.connections;
  const timeZone = zoneOf(source, settings.sourceTimeZone);
  const context: PlanContext = { dataType: logType.dataType, table, scope, timeZone, indexUuids: undefined };
  const idType = sqlIdType(table);
  const ids = planned.map(({ record }) => quoteLiteral(record.id)).join(", ");
  const keys = `select t.tenant_id, t.created_at, t.id, ${monthExpression(context)} as month
    from ${table.sqlName} t where t.id = any(array[${ids}]::${idType}[])`;
  const added = await postgres.query<{ id: string; tenantId: string; type: string; reason: string }>(
    unarchivableQuery(context, keys, run.id),
  );
  for (const { id, tenantId, type, reason } of added.rows)
    counters.copies.refused({ dataType: logType.dataType, tenantId, id, type, message: reason });
}
