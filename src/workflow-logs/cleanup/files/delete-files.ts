import { noteDeletion, type OffloadedFile } from "../../state/cleanup/offloaded-files.ts";
import type { Table } from "../../../stores/postgres/table.ts";
import type { BlobStorage } from "../../../stores/blobs/blob-storage.ts";
import type { Connections } from "../../connections.ts";
import { type ArchivedContent, archivedContents } from "../../offloads/offload-contents.ts";
import { type FileRow, fileRows } from "../../offloads/file-rows.ts";
import type { RunPacing } from "../../../runs/run-limits.ts";
import { referencedFiles } from "./file-references.ts";
import type { CleanupCounters, FileKeepReason } from "../report.ts";

export interface FileDeletion {
  readonly pacing: RunPacing;
  readonly connections: Connections;
  readonly blobs: BlobStorage;
  readonly files: Table;
  readonly tenantId: string;
  /** The index of the documents that hold the contents. */
  readonly index: string;
  readonly counters: CleanupCounters;
  /** For a dry run: the table of the offload rows that would be gone. */
  readonly pretended: Table | undefined;
}

type Verdict = { readonly kept: FileKeepReason } | { readonly row: FileRow; readonly bytes: number };

/**
 * Deletes from the platform's storage the files whose content, read from there once more, is byte for byte in the
 * document of their node execution, that were made for it alone, and that nothing else refers to. The rows of
 * upload_files stay. The caller holds the partition's lock.
 */
export async function deleteFiles(
  deletion: FileDeletion,
  candidates: readonly OffloadedFile[],
  signal: AbortSignal,
): Promise<void> {
  const { connections, files, counters, pretended, pacing } = deletion;
  const ids = candidates.map(({ fileId }) => fileId);
  const rows = await fileRows(connections.postgres, files, ids);
  const except = pretended && { table: pretended, offloadIds: candidates.map(({ offloadId }) => offloadId) };
  const referenced = await referencedFiles(connections.postgres, files, ids, except);
  for (const [recordId, ofRecord] of Map.groupBy(candidates, (candidate) => candidate.recordId)) {
    const contents = await archivedContents(connections.elasticsearch, deletion.index, recordId);
    for (const candidate of ofRecord) {
      await pacing.unpaused(signal);
      signal.throwIfAborted();
      const verdict = referenced.has(candidate.fileId)
        ? { kept: "referenced" as const }
        : await judge(deletion, candidate, rows.get(candidate.fileId), contents.get(candidate.offloadId));
      if ("kept" in verdict) counters.fileKept(verdict.kept);
      else await remove(deletion, candidate, verdict);
    }
  }
}

async function judge(
  { blobs, tenantId }: FileDeletion,
  { recordId }: OffloadedFile,
  row: FileRow | undefined,
  archived: ArchivedContent | undefined,
): Promise<Verdict> {
  if (row === undefined) return { kept: "no_file_row" };
  if (archived?.content === undefined) return { kept: "not_in_document" };
  if (row.used) return { kept: "referenced" };
  // The name that the platform gives to the file of an offload row, and to no other file.
  if (row.tenantId !== tenantId || row.name !== `node_execution_${recordId}_${archived.type}.json`)
    return { kept: "not_an_offload" };
  const stored = await blobs.load(row.key, archived.content.length + 1);
  if (stored !== undefined && !stored.equals(archived.content)) return { kept: "different" };
  return { row, bytes: stored?.length ?? 0 };
}

async function remove(
  { connections, blobs, counters, pretended }: FileDeletion,
  { offloadId }: OffloadedFile,
  { row, bytes }: { readonly row: FileRow; readonly bytes: number },
): Promise<void> {
  if (pretended === undefined) {
    await noteDeletion(connections.state, offloadId, "begun");
    await blobs.delete(row.key);
    await noteDeletion(connections.state, offloadId, "done");
  }
  counters.filePassed(bytes, pretended === undefined);
}
