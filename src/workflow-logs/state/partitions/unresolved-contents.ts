import { chunks } from "../../../stores/postgres/chunks.ts";
import type { StateDatabase } from "../database.ts";
import type { PartitionId } from "./partition-id.ts";

/** An offloaded content that is not in the document of its row. */
export interface UnresolvedContent {
  readonly recordId: string;
  readonly offloadId: string;
  readonly reason: string;
}

/** Afterwards exactly these contents of the rows are known as unresolved. */
export async function replaceUnresolvedContents(
  db: StateDatabase,
  { tenantId, month }: PartitionId,
  runId: string,
  { rowIds, unresolved }: { readonly rowIds: readonly string[]; readonly unresolved: readonly UnresolvedContent[] },
): Promise<void> {
  for (const some of chunks(rowIds)) {
    await db.deleteFrom("unresolved_contents").where("record_id", "in", some).execute();
  }
  const values = unresolved.map(({ recordId, offloadId, reason }) => ({
    offload_id: offloadId,
    record_id: recordId,
    tenant_id: tenantId,
    month,
    reason,
    run_id: runId,
  }));
  for (const some of chunks(values)) {
    await db
      .insertInto("unresolved_contents")
      .values(some)
      .onConflict((conflict) =>
        conflict.column("offload_id").doUpdateSet((row) => ({
          record_id: row.ref("excluded.record_id"),
          tenant_id: row.ref("excluded.tenant_id"),
          month: row.ref("excluded.month"),
          reason: row.ref("excluded.reason"),
          run_id: row.ref("excluded.run_id"),
        })),
      )
      .execute();
  }
}
