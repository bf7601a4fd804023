import { quoteLiteral } from "../../stores/postgres/table.ts";
import { cancellable } from "../../stores/postgres/connection/cancellable.ts";
import { keysQuery } from "../partitions/plan-query.ts";
import type { SourceKeys } from "./plan.ts";
import type { ValidateRun } from "./validate-run.ts";

/**
 * Rows whose created_at or tenant id names no index are missing, for they cannot be archived; each is remembered. They
 * are looked for only when they were counted; `listed` is the key table where there is one.
 */
export async function findUnarchivable(
  { connections, options, run, counters }: ValidateRun,
  { context }: SourceKeys,
  counted: number,
  listed?: string,
): Promise<void> {
  const tenants = options.scope.tenantIds;
  const keys = listed === undefined ? keysQuery(context) : `select * from ${listed}`;
  const added = await cancellable(connections.postgres, run.signal, async (client) => {
    await client.query(
      "delete from log_archive.validation_differences where month is null and data_type = $1 and (cardinality($2::text[]) = 0 or tenant_id = any($2))",
      [context.dataType, tenants],
    );
    if (counted === 0) return undefined;
    return client.query(
      `insert into log_archive.validation_differences (run_id, data_type, tenant_id, month, record_id, kind, reason)
       select ${quoteLiteral(run.id)}::uuid, ${quoteLiteral(context.dataType)}, coalesce(tenant_id::text, ''), null, coalesce(id::text, ''), 'missing',
              'no document can be made of its created_at, tenant id or id'
         from (${keys}) k where month is null`,
    );
  });
  const rows = added?.rowCount ?? 0;
  if (rows > 0) counters.unarchivable(context.dataType, rows);
}
