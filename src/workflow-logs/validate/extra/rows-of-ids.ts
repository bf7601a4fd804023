import { sqlIdType } from "../../../stores/postgres/table.ts";
import { monthExpression } from "../../partitions/plan-query.ts";
import type { RowCheck } from "../row-check.ts";

/** Which of these documents have their row in the partition: of the same tenant and the same month. */
export async function idsWithRow(
  { postgres, source, partition, timeZone }: Pick<RowCheck, "postgres" | "source" | "partition" | "timeZone">,
  ids: readonly string[],
): Promise<Set<string>> {
  const { table } = source.source;
  const possible = possibleIds(source, ids);
  const rows = await postgres.query<{ id: string }>(
    `select t.id::text as id from ${table.sqlName} t
      where t.id = any($1::${sqlIdType(table)}[]) and t.tenant_id::text = $2 and ${monthExpression({ table, timeZone })} = $3`,
    [possible, partition.tenantId, partition.month],
  );
  return new Set(rows.rows.map((row) => row.id));
}

/** Those that a row may have. */
export function possibleIds({ source: { table } }: RowCheck["source"], ids: readonly string[]): readonly string[] {
  return sqlIdType(table) === '"uuid"' ? ids.filter((id) => uuid.test(id)) : ids;
}

/** As PostgreSQL prints it: a document with the same id in other letters is another document. */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
