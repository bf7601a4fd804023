import { sql } from "kysely";
import type { StateDatabase, StateTables } from "../database.ts";
import { type PartitionId, partitionColumns } from "./partition-id.ts";
import { voidProofs } from "../validate/proofs.ts";
import { forgetPartitionRestore } from "../restore/restores.ts";

export interface DroppedIndex extends PartitionId {
  readonly indexName: string;
  readonly indexUuid: string;
}

/**
 * What speaks of documents that are gone now. The journal of purged rows stays: it says what PostgreSQL no longer has.
 */
const aboutDocuments = [
  "checkpoints",
  "open_rows",
  "record_errors",
  "deleted_rows",
] as const satisfies readonly (keyof StateTables)[];

/**
 * The partition has no index any more and is not copied again, also when the state did not know it before. Call in the
 * transaction that says in the journal that the index is gone.
 */
export async function expirePartition(transaction: StateDatabase, dropped: DroppedIndex, runId: string): Promise<void> {
  const ofPartition = partitionColumns(dropped);
  const values = {
    state: "expired" as const,
    index_name: dropped.indexName,
    index_uuid: dropped.indexUuid,
    copied_rows: 0,
    copied_bytes: 0,
    purged_since: null,
    purged_index_uuid: null,
    run_id: runId,
  };
  await transaction
    .insertInto("partitions")
    .values({ ...ofPartition, ...values })
    .onConflict((conflict) =>
      conflict
        .columns(["data_type", "tenant_id", "month"])
        .doUpdateSet({ ...values, updated_at: sql`clock_timestamp()` }),
    )
    .execute();
  for (const table of aboutDocuments) {
    await transaction
      .deleteFrom(table)
      .where((row) => row.and(ofPartition))
      .execute();
  }
  if (dropped.dataType === "node_executions") {
    await transaction
      .deleteFrom("unresolved_contents")
      .where("tenant_id", "=", dropped.tenantId)
      .where("month", "=", dropped.month)
      .execute();
  }
  await voidProofs(transaction, dropped);
  await forgetPartitionRestore(transaction, dropped);
}
