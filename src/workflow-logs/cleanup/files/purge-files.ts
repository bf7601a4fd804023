import { monthsOfFiles, type OffloadedFile, offloadedFilesAfter } from "../../state/cleanup/offloaded-files.ts";
import { listPartitions } from "../../state/partitions/partitions.ts";
import type { TransferEnd } from "../../../engine/transfer.ts";
import { UsageError } from "../../../engine/errors.ts";
import type { BlobStorage } from "../../../stores/blobs/blob-storage.ts";
import type { Run } from "../../../runs/run.ts";
import type { Connections } from "../../connections.ts";
import type { Partition } from "../../partitions/log-types.ts";
import { whenFree } from "../../partitions/partition-lock.ts";
import { monthBounds } from "../../partitions/months.ts";
import { monthExpression } from "../../partitions/plan-query.ts";
import type { Cleanup } from "../cleanup-plan.ts";
import { deleteFiles, type FileDeletion } from "./delete-files.ts";
import { inspectGate } from "../gates.ts";
import type { CleanupOptions } from "../options.ts";
import type { PretendedRows } from "../pretended-rows.ts";

/** Files whose references are looked for in one scan of the tables that have no index for it. */
const filesAtOnce = 500;

/** The storage to delete files from, where the options ask for that. Throws UsageError when none is given. */
export function storageOf(
  { blobs }: Connections,
  { deleteOffloadedFiles }: Pick<CleanupOptions, "deleteOffloadedFiles">,
): BlobStorage | undefined {
  if (!deleteOffloadedFiles) return undefined;
  if (blobs !== undefined) return blobs;
  throw new UsageError("storage_not_configured", "Offloaded files are to be deleted, but no file storage is given.", {
    hint: "Give the connections `blobs`. Nothing was touched.",
  });
}

/**
 * Deletes files of offload rows that this or an earlier cleanup purged, as far as nothing is lost by it. In a dry run
 * those are looked at that earlier ones left and those of rows that would be purged now.
 */
export async function purgeFiles(
  cleanup: Cleanup,
  run: Run,
  pretended: PretendedRows | undefined,
): Promise<TransferEnd> {
  const { connections, options, related, counters } = cleanup;
  const blobs = storageOf(connections, options);
  const { files } = related;
  if (blobs === undefined || files === undefined || related.offloads === undefined) return "completed";
  const { tenantId } = options;
  const known = await listPartitions(connections.state, [tenantId]);
  const pending = pretended === undefined ? new Map<string, OffloadedFile[]>() : await filesOf(cleanup, pretended);
  const months = new Set([...(await monthsOfFiles(connections.state, tenantId)), ...pending.keys()]);
  for (const month of months) {
    if (monthBounds(month).from >= options.before) continue;
    const partition: Partition = { dataType: "node_executions", tenantId, month };
    const end = await whenFree(run, partition, async (): Promise<TransferEnd> => {
      const record = known.find((one) => one.dataType === partition.dataType && one.month === month);
      const gate = await inspectGate(connections, partition, record, options);
      const index = gate.kept === undefined ? gate.index : undefined;
      const reason = gate.kept ?? "not_in_document";
      const deletion: Omit<FileDeletion, "index"> = {
        connections,
        pacing: run.pacing,
        blobs,
        files,
        tenantId,
        counters,
        pretended: options.dryRun ? related.offloads : undefined,
      };
      for await (const some of pages(cleanup, month, pending.get(month) ?? [])) {
        await run.pacing.unpaused(run.signal);
        if (run.signal.aborted) return "interrupted";
        if (index === undefined) counters.fileKept(reason, some.length);
        else await deleteFiles({ ...deletion, index }, some, run.signal);
      }
      return "completed";
    });
    if (end === "interrupted") return end;
  }
  return "completed";
}

/** The files that purges of the month left, and then those beside them. */
async function* pages(
  { connections, options: { tenantId } }: Cleanup,
  month: string,
  more: readonly OffloadedFile[],
): AsyncGenerator<OffloadedFile[]> {
  let page: OffloadedFile[] = [];
  do {
    const after = page.at(-1)?.offloadId ?? "";
    page = await offloadedFilesAfter(connections.state, { tenantId, month }, "stored", { after, limit: filesAtOnce });
    if (page.length > 0) yield page;
  } while (page.length === filesAtOnce);
  for (let at = 0; at < more.length; at += filesAtOnce) yield more.slice(at, at + filesAtOnce);
}

/** The files of offload rows that a dry run would have deleted, by month. */
async function filesOf(
  { connections, related: { nodes, offloads } }: Cleanup,
  pretended: PretendedRows,
): Promise<Map<string, OffloadedFile[]>> {
  const month = monthExpression({ table: nodes, timeZone: connections.settings.sourceTimeZone });
  const found = await connections.postgres.query<OffloadedFile & { month: string }>(
    `select o.id::text as "offloadId", t.id::text as "recordId", o.file_id::text as "fileId", ${month} as month
       from ${offloads!.sqlName} o join ${nodes.sqlName} t on t.id = o.node_execution_id where ${pretended.contains("t.id")}`,
  );
  return Map.groupBy(found.rows, (row) => row.month);
}
