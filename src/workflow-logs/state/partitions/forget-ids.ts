import { sql } from "kysely";
import type { StateDatabase } from "../database.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";

/**
 * Forgets what a table of the state has of these records of the partition: rows that had not ended, that were refused,
 * or that the platform deleted. What it has of them elsewhere is left alone.
 */
export async function forgetIds(
  db: StateDatabase,
  table: "open_rows" | "record_errors" | "deleted_rows",
  partition: PartitionId,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await db
    .deleteFrom(table)
    .where((row) => row.and(partitionColumns(partition)))
    .where(sql<boolean>`record_id = any(${ids})`)
    .execute();
}
