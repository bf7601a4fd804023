import type { Connections } from "../connections.ts";
import { type Partition, partitionKey } from "./log-types.ts";
import { keysQuery, partitionsQuery } from "./plan-query.ts";
import type { Scope } from "./scope.ts";
import { inspectSources, zoneOf } from "./source-schema.ts";

/** Counting scans each log table once; on tables so large that it takes longer, one does without. */
export const countTimeout = "60s";

/** Rows of each partition in PostgreSQL, by its key; undefined when counting takes too long. */
export async function countSourceRows(
  { postgres, settings }: Connections,
  scope: Scope,
  timeout = countTimeout,
): Promise<Map<string, Partition & { rows: number }> | undefined> {
  const counts = new Map<string, Partition & { rows: number }>();
  const client = await postgres.connect();
  try {
    await client.query(`begin read only; set local statement_timeout = '${timeout}'`);
    for (const { table, logType } of await inspectSources(postgres, scope)) {
      const keys = keysQuery({
        dataType: logType.dataType,
        table,
        scope,
        timeZone: zoneOf({ table }, settings.sourceTimeZone),
        indexUuids: undefined,
        keysOnly: true,
      });
      const groups = await client.query<{ tenantId: string; month: string | null; rows: string }>(
        partitionsQuery(keys),
      );
      for (const { tenantId, month, rows } of groups.rows) {
        if (month === null) continue;
        const partition: Partition = { dataType: logType.dataType, tenantId, month };
        counts.set(partitionKey(partition), { ...partition, rows: Number(rows) });
      }
    }
    return counts;
  } catch (error) {
    if ((error as { code?: string }).code !== "57014") throw error;
    return undefined;
  } finally {
    await client.query("rollback").catch(() => {});
    client.release();
  }
}
