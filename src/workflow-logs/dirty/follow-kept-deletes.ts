import type { TransferEnd } from "../../engine/transfer.ts";
import { type DeletedRow, deletedRowsAfter } from "../state/dirty/deleted-rows.ts";
import { withPartition } from "../partitions/partition-lock.ts";
import type { SourceTable } from "../partitions/source-schema.ts";
import { byPartition } from "./plan/by-partition.ts";
import type { DirtyRun } from "./dirty-run.ts";
import { removeDocuments } from "./remove-documents.ts";

const rowsAtOnce = 20_000;

/** Deletes the documents that earlier runs kept though their row was deleted. */
export async function followKeptDeletes(dirty: DirtyRun, source: SourceTable): Promise<TransferEnd> {
  const { run, copy, scope, counters } = dirty;
  let page: DeletedRow[] = [];
  do {
    page = await deletedRowsAfter(
      copy.connections.state,
      source.logType.dataType,
      scope.tenantIds,
      page.at(-1)?.id ?? "",
      rowsAtOnce,
    );
    const groups = byPartition(
      source,
      page.map((row) => ({ place: row, item: { id: row.id, createdAt: row.createdAt, why: "deleted" as const } })),
    );
    for (const { partition, items } of groups) {
      await run.pacing.unpaused(run.signal);
      if (run.signal.aborted) return "interrupted";
      const end = await withPartition(run, partition, () => removeDocuments(dirty, source, partition, items));
      if (end === "busy") counters.busy(partition, items.length);
    }
  } while (page.length === rowsAtOnce);
  return "completed";
}
